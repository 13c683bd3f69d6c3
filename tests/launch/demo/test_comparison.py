"""When the endpoint's answer is not the model's own."""

from launch.demo import comparison

REFERENCE = {"7": 0.97, "1": 0.02, "9": 0.01}


def test_the_same_answer_has_no_differences():
    assert comparison.differences([["7", 0.97], ["1", 0.02]], REFERENCE) == []
    assert comparison.differences([["7", 0.97005]], REFERENCE) == [], "float32 sums may differ"


def test_another_probability_is_a_sentence():
    (sentence,) = comparison.differences([["7", 0.97], ["1", 0.03]], REFERENCE)
    assert sentence == "1: 0.030000 from the endpoint, 0.020000 computed here"


def test_a_label_that_the_model_does_not_have_is_a_difference():
    (sentence,) = comparison.differences([["cat", 0.97]], REFERENCE)
    assert "cat" in sentence
