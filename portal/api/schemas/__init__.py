"""What the API takes and gives: one module per noun, each with the function that fills its schema from a row."""
