# Short names for start.py, which does the work and also runs where there is no make.
#   make test ARGS="tests/config -x"      make demo PYTHON=python3.12

PYTHON ?= python3
ARGS ?=

.DEFAULT_GOAL := help
.PHONY: help demo up test lint bench clean

help demo up test lint bench clean:
	@$(PYTHON) start.py $@ $(ARGS)
