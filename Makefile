# make book: the whole book in _build/html.   make test: lint, build and test everything.   Nothing else is needed.
PYTHON ?= python3
VENV   := .venv
BIN    := $(VENV)/bin
STAMP  := $(VENV)/.installed
FLOORS := .venvs/floors/.installed
COLAB  := .venvs/colab/.installed

export HF_HUB_OFFLINE := 1
export PLIP_TUTORIAL_TRACK := tiny
export TOKENIZERS_PARALLELISM := false
# One thread adds in one order, so that models and numbers are the same on any number of cores; pages and tests take a core each.
export OMP_NUM_THREADS := 1
# Large blocks stay with the process: training on a CPU spends less time asking the system for memory.
export MALLOC_MMAP_THRESHOLD_ := 4294967296
export MALLOC_TRIM_THRESHOLD_ := 8589934592
export MALLOC_TOP_PAD_ := 268435456

.PHONY: book course offline test compare-processors test-floors test-colab setup sync serve models studies report ablation expansion sweep gpu-check measure-gpu lint clean

book: setup
	$(BIN)/python book/_tools/build.py

# A file at a time, the longest first, on a worker more than there are cores, since many tests wait for a process or a
# clock; and what took longest, such as each page in the full track.
WORKERS := $(shell $(PYTHON) -c 'import os; print(min(os.cpu_count(), 4) + 1)')
SPREAD  := -q -p no:cacheprovider --numprocesses $(WORKERS) --dist loadfile --no-loadscope-reorder --durations 20
# What needs neither pages nor a browser nor the pinned versions; other versions start from other random weights.
PACKAGE := --ignore tests/book --ignore tests/real --ignore tests/test_full_track.py --ignore tests/test_house.py \
	--ignore tests/test_dependencies.py --ignore tests/studies/test_measured.py -m "not once" tests plip_tutorial

# The book is built from nothing: every cell runs, and every warning is an error. What its pages weigh and how fast the
# model in them answers is printed; tests hold the weights, and nothing fails on a clock. Then the package runs at the lowest
# versions that it allows, and at last all tests, pages with the versions of Colab among them.
test: setup
	$(MAKE) --jobs 3 lint $(FLOORS) $(COLAB)
	$(BIN)/python book/_tools/build.py --from-nothing
	-$(BIN)/python book/_tools/weights.py
	-$(BIN)/python benchmarks/live.py _build/html
	$(MAKE) test-floors
	PLIP_TUTORIAL_BOOK_BUILT=1 $(BIN)/pytest $(SPREAD) --no-other-skips tests/test_full_track.py \
		tests/book/test_students.py tests/book/test_colab_run.py tests plip_tutorial

test-floors: $(FLOORS)
	$(dir $(FLOORS))bin/python -m pytest $(SPREAD) --no-other-skips $(PACKAGE)

test-colab: $(COLAB)
	$(BIN)/pytest $(SPREAD) tests/book/test_colab_run.py

lint: setup
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy

setup: $(STAMP)

# torch first and alone: an open range in another package would fetch a build with gigabytes of GPU libraries.
$(STAMP): pyproject.toml constraints.txt
	@$(PYTHON) -c 'import sys; sys.exit(0 if (3, 11) <= sys.version_info < (3, 14) else "Python 3.11, 3.12 or 3.13 is needed; $(PYTHON) is %d.%d. Try: make PYTHON=python3.11" % sys.version_info[:2])'
	test -x $(BIN)/python && $(BIN)/python -m pip --version >/dev/null 2>&1 || $(PYTHON) -m venv --clear $(VENV)
	$(BIN)/python -m pip install --quiet --constraint constraints.txt torch
	$(BIN)/python -m pip install --quiet --constraint constraints.txt --editable ".[book,check,demo,faiss,lora,scale,slide,test]"
	touch $(STAMP)

# Beside the book's environment, with the same torch: what `.ci/environments.py` says.
.venvs/%/.installed: pyproject.toml .ci/environments.py .ci/colab.txt $(STAMP)
	$(BIN)/python .ci/environments.py $* .venvs/$*
	touch $@

sync: setup
	$(BIN)/python book/_tools/sync.py

# One zip for a teacher: notebooks of both kinds, slides, questions with their key, the built book, the package.
course: book
	$(BIN)/python book/_tools/course_zip.py

# The book as a PDF, and as a zip of the site, which is then looked at with the network off. Needs Chromium or Chrome.
offline: book
	$(BIN)/python book/_tools/offline_book.py

serve: book
	$(BIN)/python -m http.server --bind 127.0.0.1 --directory _build/html 8000

# An hour: the tiny models and their corpus are made again, and their scores stand beside those of the committed ones.
# `make models REPLACE=--replace` puts them into plip_tutorial/data/models.
models: setup
	$(BIN)/python -m plip_tutorial models $(REPLACE)

# `make report REPORT="--save --real FOLDER"` measures real tiles as well, and writes plip_tutorial/data/report.json.
report: setup
	$(BIN)/python -m plip_tutorial report $(REPORT)

# All long measurements, an hour and a half on two cores.
studies: ablation expansion sweep

# An hour of training; writes plip_tutorial/data/ablation.json, which the unit on copies and leaks draws. A killed run goes on.
ablation: setup
	$(BIN)/python -m plip_tutorial.studies.ablation

# A quarter of an hour of training; writes plip_tutorial/data/expansion.json. A killed run goes on.
expansion: setup
	$(BIN)/python -m plip_tutorial.studies.expansion

# Half an hour: every page on three simulated processors, and what it does not print alike.
compare-processors: setup
	$(BIN)/python benchmarks/processors.py

# For a machine with a GPU: does all that is written for one work on yours? Under eight minutes, no network.
gpu-check: setup
	$(BIN)/python benchmarks/gpu_check.py

# For a machine with a GPU and a network: each unit in the full track, as if opened first. Please send the file back.
measure-gpu: setup
	HF_HUB_OFFLINE=0 PLIP_TUTORIAL_TRACK=full $(BIN)/python benchmarks/measure_gpu.py

# Half an hour of short trainings, written run by run into plip_tutorial/data/sweep.json, which the unit on many models draws.
sweep: setup
	$(BIN)/python -m plip_tutorial sweep

clean:
	rm -rf _build
