"""placeholder"""


def run_demo(*, serve: bool) -> None:
    """."""
