"""The tags by which the Prefect UI groups deployments and runs."""

DESK = "窗口"  # what coordinators start
CLOCK = "定时"  # what the clock starts
INNER = "系统"  # what nobody starts by hand
AT_ONCE = "随时"  # a run that a change has started, not the clock
UNFINISHED = "没登记完"  # what was typed or pasted has not been stored yet
BULK = "批量"  # a run that a person has started and that may work for long
