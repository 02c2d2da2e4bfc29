# Two commands: `make serve` publishes the bundled data and serves it; `make test` runs every check.
.DELETE_ON_ERROR:
.PHONY: serve test publish conformance bench bench-publish bench-search bench-hostile format messages screenshots clean tools

PYTHON ?= $(shell command -v python3.11 || command -v python3)
PORT ?= 8080
TRIPLES ?= 30000
VENV := .venv
BIN := $(VENV)/bin
AUTHORED := $(shell find ontology shapes data tests/questions server/legation -type f \
	\( -name '*.ttl' -o -name '*.rq' -o -name '*.ru' -o -name '*.csv' -o -name '*.py' \) 2>/dev/null)

ASSETS := server/assets
BUILT := server/legation/serve/static/built/sparql.js
ASSET_SOURCES := $(shell find $(ASSETS)/src -type f) $(ASSETS)/build.mjs

serve: $(VENV)/runtime $(BUILT) releases/current
	$(BIN)/legation serve --port $(PORT) --release releases

publish: $(VENV)/runtime
	$(BIN)/legation publish --releases releases

# The release is published anew only when something it is made from is newer.
releases/current: $(AUTHORED) | $(VENV)/runtime
	$(BIN)/legation publish --replace --releases releases
	@touch -h releases/current

# What measures one query beside others has the machine for itself.
test: $(VENV)/test tests/node/node_modules $(BUILT) | tools
	$(BIN)/ruff check
	$(BIN)/ruff format --check
	$(BIN)/mypy
	$(BIN)/legation check
	$(BIN)/pytest --numprocesses 2 --dist loadfile --ignore tests/test_hostile.py
	$(BIN)/pytest tests/test_hostile.py

# The W3C suites against our own server; writes docs/conformance.md and docs/conformance.ttl.
conformance: $(VENV)/test
	$(BIN)/python -m tests.conformance

# How fast we serve beside other servers; writes a part of docs/benchmarks.md. `make bench TRIPLES=1000000` takes long.
bench: $(VENV)/test releases/current
	$(BIN)/python -m tests.bench.serve --triples $(TRIPLES)

# How long publishing takes as a dataset grows; writes a part of docs/benchmarks.md.
bench-publish: $(VENV)/test
	$(BIN)/python -m tests.bench.publish

# What an answer costs each process; writes another part of that page.
bench-profile: $(VENV)/test releases/current
	$(BIN)/python -m tests.bench.profile --triples $(TRIPLES)

# How fast search answers among 100,000 names; docs/search.md shows what it prints.
bench-search: $(VENV)/test
	$(BIN)/python -m tests.bench.search

# How quick point queries are beside hostile ones; docs/http.md shows what it prints.
bench-hostile: $(VENV)/test
	$(BIN)/python -m tests.bench.hostile

# Bring the catalogues up to date with what code and templates say; new messages wait there to be translated.
messages: $(VENV)/runtime
	cd server/legation/serve && pot=$$(mktemp) \
	&& $(CURDIR)/$(BIN)/pybabel -q extract -F $(CURDIR)/pyproject.toml -k marked --no-location --sort-output -o $$pot . \
	&& for language in ar fr; do $(CURDIR)/$(BIN)/pybabel -q update -i $$pot -o messages/$$language.po -l $$language \
	--no-fuzzy-matching --ignore-obsolete --omit-header --no-wrap; done; rm -f $$pot

# Pictures of the main pages: all in build/screenshots to look at, those of the README in docs/screenshots.
screenshots: $(VENV)/test $(BUILT) releases/current | tools
	$(BIN)/python -m tests.screenshots releases

format: $(VENV)/test
	$(BIN)/ruff check --fix
	$(BIN)/ruff format
	$(BIN)/legation format

$(VENV)/bin/python:
	$(PYTHON) -m venv $(VENV)

$(VENV)/runtime: requirements.lock pyproject.toml | $(VENV)/bin/python
	$(BIN)/pip install --quiet --disable-pip-version-check --requirement requirements.lock
	$(BIN)/pip install --quiet --disable-pip-version-check --no-deps --editable .
	$(BIN)/python -m compileall -q server/legation
	@touch $@

$(VENV)/test: requirements-test.lock $(VENV)/runtime
	$(BIN)/pip install --quiet --disable-pip-version-check --requirement requirements-test.lock
	@touch $@

tests/node/node_modules: tests/node/package-lock.json
	npm ci --prefix tests/node --no-audit --no-fund --silent
	@touch $@

# The scripts of the pages, from npm packages to files of our own: nothing is fetched when a page is read.
$(BUILT): $(ASSET_SOURCES) $(ASSETS)/node_modules
	npm run --prefix $(ASSETS) --silent build

$(ASSETS)/node_modules: $(ASSETS)/package-lock.json
	npm ci --prefix $(ASSETS) --no-audit --no-fund --silent
	@touch $@

# What the tests drive beside Python packages: a browser, a store of somebody else's, a proxy (Debian packages).
TOOLS := chromium:chromium virtuoso-t:virtuoso-opensource-7-bin nginx:nginx
tools:
	@missing=; for tool in $(TOOLS); do \
		PATH="$$PATH:/usr/sbin" command -v "$${tool%%:*}" >/dev/null || missing="$$missing $${tool##*:}"; \
	done; \
	if [ -z "$$missing" ]; then exit 0; fi; \
	if [ "$$(id -u)" = 0 ]; then \
		echo "The tests need$$missing: installing with apt-get"; \
		apt-get update -qq && DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends $$missing; \
	else \
		echo "The tests need$$missing: sudo apt-get install --no-install-recommends$$missing" >&2; \
		exit 1; \
	fi

clean:
	rm -rf $(VENV) releases tests/node/node_modules $(ASSETS)/node_modules $(dir $(BUILT))
