# The README's commands and the developer's. Everything they install goes into folders beside
# this file; nothing needs root. `make help` lists them.

PYTHON ?= python3
MELODY ?=
TECHNIQUE ?= enhance
SEED ?= 1
OUT ?= build/demo
FUZZ_FILES ?= 20000
FUZZ_MEGABYTES ?= 12
NAME ?=
MIDI ?=
MODEL ?= unet
STEPS ?= 3000
SETTINGS ?=
GENRES ?= genres
CORPORA ?= $(or $(CONTINUO_CORPORA),$(wildcard ../shared/data))

export PIP_DISABLE_PIP_VERSION_CHECK := 1
export PIP_NO_INPUT := 1

# Environments carry the Python they were made with in their stamp: another PYTHON makes a new one.
VERSION := $(shell $(PYTHON) -c 'import sys; print("%d.%d" % sys.version_info[:2])' 2>/dev/null)
DEMO := .venv
DEV := .venv-dev
TFLITE := .venv-tflite
DEB_TOOLS := build/deb-tools
HARDWARE := .venv-hardware
DEMO_STAMP := $(DEMO)/.continuo-$(VERSION)
RUN_STAMP := $(DEMO)/.continuo-run-$(VERSION)
DEV_STAMP := $(DEV)/.continuo-$(VERSION)
TFLITE_STAMP := $(TFLITE)/.continuo-$(VERSION)
HARDWARE_STAMP := $(HARDWARE)/.continuo-$(VERSION)

# A genre of one's own is few notes: the network goes on from what it knows of all the others.
ALL_GENRES = training/runs/accompany-$(MODEL)
LEARNED_BEFORE = $(if $(wildcard $(ALL_GENRES)/config.json),\
  --set starts_from=$(ALL_GENRES) --set learning_rate=3e-4)

# tflite-runtime ended at 2.14.0, whose last wheels are for Python 3.11.
HAS_TFLITE_WHEEL := $(filter 3.9 3.10 3.11,$(VERSION))

.DEFAULT_GOAL := help
.DELETE_ON_ERROR:
.PHONY: help demo run test check evaluate train-genre hardware bench fuzz deb system-test install-test goldens clean python dev

help: ## Show this list
	@echo "make COMMAND, where COMMAND is"
	@awk -F ':.*## ' '/^[a-z-]+:.*## / {printf "  %-12s %s\n", $$1, $$2}' $(MAKEFILE_LIST)
	@echo
	@echo "  make demo MELODY=my.mid TECHNIQUE=enhance SEED=3 OUT=my-folder"
	@echo "  make test PYTHON=python3.13"

demo: $(DEMO_STAMP) ## Play, enhance, save, draw and render a melody on the simulated instrument
	@$(DEMO)/bin/python -m firmware demo $(if $(MELODY),"$(MELODY)") \
	  --technique $(TECHNIQUE) --seed $(SEED) -o "$(OUT)"

run: $(RUN_STAMP) ## Play the instrument in this terminal: its screen, keys and knobs, live
	@$(DEMO)/bin/python -m firmware run --terminal

test: dev ## Install what the tests need, and run them
ifneq ($(HAS_TFLITE_WHEEL),)
	@$(MAKE) --no-print-directory $(TFLITE_STAMP)
	CONTINUO_TFLITE_PYTHON=$(CURDIR)/$(TFLITE)/bin/python $(DEV)/bin/python -m pytest $(ARGS)
else
	@echo "tflite-runtime has no wheel for Python $(VERSION): its tests are skipped, LiteRT's run."
	$(DEV)/bin/python -m pytest $(ARGS)
endif

check: dev ## Style, types and import contracts
	$(DEV)/bin/ruff check .
	$(DEV)/bin/ruff format --check .
	$(DEV)/bin/mypy
	$(DEV)/bin/lint-imports

evaluate: dev ## Recompute the shipped bundles' figures and compare them with their manifests
ifeq ($(CORPORA),)
	@echo "make evaluate needs the corpora: CONTINUO_CORPORA=DIR (training/README.md says where from)"
	@exit 2
else
	CONTINUO_CORPORA="$(CORPORA)" $(DEV)/bin/python -m training evaluate --check $(ARGS)
endif

train-genre: dev ## Train a genre of your own from MIDI files: NAME=klezmer MIDI=folder
ifeq ($(and $(NAME),$(MIDI)),)
	@echo "make train-genre wants NAME=klezmer MIDI=folder-of-midi-files, and may have MODEL=unet or"
	@echo "musegan, STEPS=$(STEPS) and GENRES=folder for the result"
	@exit 2
else
	$(DEV)/bin/python -m training shards accompany --midi "$(MIDI)" --genre "$(NAME)" \
	  --shards "$(GENRES)/$(NAME)/shards"
	$(DEV)/bin/python -m training train "$(MODEL)-$(NAME)" --shards "$(GENRES)/$(NAME)/shards" \
	  --run "$(GENRES)/$(NAME)/run-$(MODEL)" --steps $(STEPS) $(LEARNED_BEFORE) $(SETTINGS)
	$(DEV)/bin/python -m converters "$(GENRES)/$(NAME)/run-$(MODEL)" \
	  --shards "$(GENRES)/$(NAME)/shards" -o "$(GENRES)/$(NAME)/$(NAME)-$(MODEL)"
	@echo
	@echo "Try it: continuo generate MELODY.mid --technique accompany --genre $(NAME) --model $(MODEL) \\"
	@echo "  --bundle $(GENRES)/$(NAME)/$(NAME)-$(MODEL)"
endif

hardware: $(HARDWARE_STAMP) ## Make pinouts, parts, wiring, steps and box anew from the board files
	@$(HARDWARE)/bin/python -m hardware $(ARGS)
ifeq ($(ARGS),)
	@$(HARDWARE)/bin/python -m hardware.enclosure
endif

bench: dev ## Measure speed and size beside peers: a table, and build/bench.json
	@for peers in bench bench-gpt2; do $(DEV)/bin/python -m pip install --quiet -e ".[$$peers]" || \
	  echo "The peers of the extra '$$peers' cannot be installed here."; done
	$(DEV)/bin/python -m bench $(ARGS)

fuzz: dev ## Throw broken files and raw bytes at what reads MIDI: FUZZ_FILES=20000
	$(DEV)/bin/python -m bench.fuzz_bytes --megabytes $(FUZZ_MEGABYTES)
	$(DEV)/bin/python -m bench.fuzz_midi --count $(FUZZ_FILES) $(ARGS)

deb: | python ## Build the Debian packages for a Raspberry Pi and for a PC, into dist/
	@test -x $(DEB_TOOLS)/bin/pip || $(PYTHON) -m venv $(DEB_TOOLS)
	$(DEB_TOOLS)/bin/python -m debian.build $(ARGS)

system-test: | python ## Install the package in a guest and show the whole appliance (root, QEMU)
	$(PYTHON) -m tests.system $(ARGS)

install-test: | python ## Install, upgrade, cut, remove and purge it on fresh Debian 12 and 13 (root)
	$(PYTHON) -m tests.system.installing $(or $(ARGS),--architecture amd64)

goldens: dev ## Draw the golden images of the tests anew
	CONTINUO_GOLDEN=write $(DEV)/bin/python -m pytest tests/panel/test_pages.py $(ARGS)

clean: ## Remove environments and everything that was built
	rm -rf $(DEMO) $(DEV) $(TFLITE) $(HARDWARE) build dist .mypy_cache .ruff_cache
	rm -rf .pytest_cache .hypothesis .import_linter_cache
	find . -name __pycache__ -type d -prune -exec rm -rf {} +

dev: $(DEV_STAMP)

python:
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null || { \
	  echo "Continuo needs Python 3.11 or later; '$(PYTHON)' is $$($(PYTHON) --version 2>&1)."; \
	  echo "Choose another one with make PYTHON=python3.13 …"; exit 1; }
	@$(PYTHON) -c 'import ensurepip, venv' 2>/dev/null || { \
	  echo "This Python cannot make virtual environments: on Debian, sudo apt install python3-venv"; \
	  exit 1; }

$(DEMO_STAMP): pyproject.toml | python
	@echo "Setting up $(DEMO) for the instrument (once)…"
	@test -f $@ || $(PYTHON) -m venv --clear $(DEMO)
	$(DEMO)/bin/python -m pip install -e '.[litert]'
	@touch $@

$(RUN_STAMP): $(DEMO_STAMP)
	$(DEMO)/bin/python -m pip install -e '.[litert,simulator]'
	@$(DEMO)/bin/python -m pip install --quiet --only-binary python-rtmidi 'python-rtmidi>=1.5.8,<2' || \
	  echo "python-rtmidi has no wheel for Python $(VERSION): MIDI keyboards are not heard."
	@touch $@

$(DEV_STAMP): pyproject.toml | python
	@echo "Setting up $(DEV) for tests and training (once; TensorFlow is large)…"
	@test -f $@ || $(PYTHON) -m venv --clear $(DEV)
	$(DEV)/bin/python -m pip install -e '.[litert,dev,training]'
	@$(DEV)/bin/python -m pip install --only-binary python-rtmidi -e '.[device]' || \
	  echo "python-rtmidi has no wheel for Python $(VERSION): tests with real MIDI ports are skipped."
	@touch $@

$(TFLITE_STAMP): pyproject.toml | python
	@echo "Setting up $(TFLITE) for the older runtime (once)…"
	@test -f $@ || $(PYTHON) -m venv --clear $(TFLITE)
	$(TFLITE)/bin/python -m pip install -e '.[tflite]'
	@touch $@

$(HARDWARE_STAMP): pyproject.toml | python
	@echo "Setting up $(HARDWARE) for the hardware kit (once)…"
	@test -f $@ || $(PYTHON) -m venv --clear $(HARDWARE)
	$(HARDWARE)/bin/python -m pip install -e '.[hardware,enclosure]'
	@touch $@
