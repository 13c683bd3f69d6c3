"""The rules of names, as data, and the sentence about the one rule that a name breaks. Which rule a name has to keep
stands where the thing is made."""

from __future__ import annotations

import re
from dataclasses import dataclass

SHOWN = 300


@dataclass(frozen=True)
class Rule:
    """What a name may be. `characters`, `first` and `last` are insides of a regular expression's square brackets;
    `last` is like `characters` where it is left out. `never` is a text that must not be in a name. `sentence` tells
    the whole rule to people."""

    sentence: str
    least: int
    most: int
    characters: str
    first: str = ""
    last: str = ""
    never: str = ""

    def broken(self, name: str) -> str:
        """The whole rule and what of it this name breaks; "" when it breaks nothing."""
        fault = self._fault(name)
        shown = name if len(name) <= SHOWN else f"{name[:SHOWN]}…"
        return f"{self.sentence} '{shown}' {fault}." if fault else ""

    def _fault(self, name: str) -> str:
        if not name:
            return "is empty"
        if not self.least <= len(name) <= self.most:
            return f"has {len(name)} character{'s' * (len(name) > 1)}"
        stranger = re.search(f"[^{self.characters}]", name)
        if stranger:
            return f"contains {stranger[0]!r}"
        if self.first and not re.match(f"[{self.first}]", name):
            return f"begins with {name[0]!r}"
        if self.last and not re.match(f"[{self.last}]", name[-1]):
            return f"ends with {name[-1]!r}"
        return f"contains {self.never!r}" if self.never and self.never in name else ""


# Azure's own sentence, as it stands in microsoft/dstoolkit-mlops-v2#180 and dotnet/machinelearning-modelbuilder#1773.
EXPERIMENT = Rule(
    "Experiment name must be 1-256 characters, start with a letter or a number, and can only contain letters, numbers,"
    " underscores, and dashes.",
    1,
    256,
    "a-zA-Z0-9_-",
    first="a-zA-Z0-9",
)
JOB = Rule(
    "A job name has 1 to 255 letters, digits, '-' and '_', a letter or digit first.",
    1,
    255,
    "a-zA-Z0-9_-",
    first="a-zA-Z0-9",
)
# As Azure ML tells the pattern in its own refusal of a bad asset name: ^[a-zA-Z0-9_][a-zA-Z0-9_.\-]{0,254}$. Its words
# for models are those of Azure/MachineLearningNotebooks#1099, with the length of today.
ASSET = Rule(
    "Names and versions of assets have 1 to 255 letters, digits, '-', '_' and '.', a letter, digit or '_' first.",
    1,
    255,
    r"a-zA-Z0-9_.\-",
    first="a-zA-Z0-9_",
)
DATASTORE = Rule("A datastore's name has 1 to 255 letters, digits and underscores.", 1, 255, "A-Za-z0-9_")
COMPUTE = Rule(
    "A compute name has 2 to 32 letters, digits and hyphens, a letter first and no hyphen at the end.",
    2,
    32,
    "A-Za-z0-9-",
    first="A-Za-z",
    last="A-Za-z0-9",
)
WORKSPACE = Rule(
    "A workspace name has 3 to 33 letters, digits, '-' and '_', a letter or digit first.",
    3,
    33,
    "A-Za-z0-9_-",
    first="A-Za-z0-9",
)
# Documented for endpoints and deployments alike.
ENDPOINT = Rule(
    "The names of endpoints and deployments have 3 to 32 letters, digits and single dashes, a letter first and no dash"
    " at the end.",
    3,
    32,
    "a-zA-Z0-9-",
    first="a-zA-Z",
    last="a-zA-Z0-9",
    never="--",
)
GROUP = Rule(
    "A resource group name has 1 to 90 letters, digits, dots, dashes, underscores and brackets, no dot at the end.",
    1,
    90,
    r"\w.()-",
    last=r"\w()-",
)
TEMPLATE_DEPLOYMENT = Rule(
    "The name of a template's deployment has 1 to 64 letters, digits, dots, dashes, underscores and brackets.",
    1,
    64,
    "A-Za-z0-9_.()-",
)
# They become folders and variables.
JOB_PART = Rule(
    "The name of a job's input or output has 1 to 255 letters, digits, '_', '-' and '.', a letter, digit or '_' first.",
    1,
    255,
    r"\w.\-",
    first=r"\w",
)
