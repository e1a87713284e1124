# The two commands are `make run` and `make test`; CONTRIBUTING.md tells the rest.
# PYTHON=... chooses the Python that .venv is made from.

PYTHON ?= python3
PORT_SANDBOX := $(or $(SANDBOX_PORT),8001)

.PHONY: run test check bench audit fmt sandbox agent screenshots lock clean runtime dev

run: runtime
	@exec .venv/bin/python -m dashboard.local

# The sandbox alone: the hosted API's contract on 127.0.0.1.
sandbox: runtime
	@.venv/bin/python manage.py migrate --settings sandbox.settings --verbosity 0
	@exec .venv/bin/python -m gunicorn sandbox.wsgi --bind 127.0.0.1:$(PORT_SANDBOX) --threads 8 --no-control-socket

# A fresh agent signs up, works a little and asks to be claimed.
agent: runtime
	@exec .venv/bin/python manage.py demo_agent

test: dev
	@exec .venv/bin/python -m tools.test

check: dev
	@exec .venv/bin/python -m tools.check

# Speed, memory and weight against their bounds: ONLY=pages for one group, ARGS=--quick or --full for another size.
bench: dev
	@exec .venv/bin/python -m tools.bench $(ONLY) $(ARGS)

# Lighthouse on a phone: ONLY=gallery for one page, ARGS=--quick for one round. Needs Node.
audit: dev
	@exec .venv/bin/python -m tools.audit $(ONLY) $(ARGS)

fmt: dev
	@.venv/bin/python -m ruff check --select I --fix --quiet .
	@.venv/bin/python -m ruff format .
	@.venv/bin/python -m djlint templates --reformat --quiet

# The pages as people see them, into docs/screenshots.
screenshots: dev
	@exec .venv/bin/python -m tools.screenshots

lock: dev
	@exec .venv/bin/python -m tools.lock

clean:
	rm -rf .venv .mypy_cache .pytest_cache .ruff_cache .hypothesis .import_linter_cache .coverage htmlcov test-results
	find . -name __pycache__ -type d -prune -exec rm -rf {} +

runtime dev:
	@$(PYTHON) tools/bootstrap.py $@
