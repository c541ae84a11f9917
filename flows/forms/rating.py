"""回访评价: a coordinator calls the resident and writes down their word.

The grade is not preselected, unlike everything else: it is the resident's, not the form's.
"""

from __future__ import annotations

from flows.forms.answers import Answer
from flows.forms.fields import Fields, labels, pick, text, who
from tasks.desk import DeskView
from tasks.models.enums import Action, Grade
from tasks.models.inputs import ActionInput

NAME = "RatingForm"
SOLVED, NOT_SOLVED = "已解决", "没有解决"


def fields(_view: DeskView) -> Fields:
    """操作人, solved or not, the grade, the resident's words."""
    return {
        "who": who(),
        "grade": pick("居民说", labels(Grade)),
        "solved": pick("解决了吗", [SOLVED, NOT_SOLVED], SOLVED),
        "reason": text("居民的话（不满意要填）"),
    }


def requests(_view: DeskView, answer: Answer) -> list[ActionInput]:
    """评价."""
    return [
        answer.request(
            Action.RATE,
            grade=Grade.by_label(answer.text("grade")),
            solved=answer.text("solved") != NOT_SOLVED,
        )
    ]
