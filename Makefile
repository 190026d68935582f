# Everything that one does with the project, by its usual names. Nothing needs to be installed or activated first.
PYTHON ?= python3
ENGINES ?= light
MINUTES ?= 5
SEED ?=
USERS ?= 600
TIES ?= 2000
ARGS ?=
MANAGE := $(PYTHON) manage.py

# Images: IMAGE_PREFIX=registry.example/you make images push (CONTAINER_TOOL=podman or buildah does it too).
CONTAINER_TOOL ?= docker
IMAGE_PREFIX ?= local
IMAGE_TAG ?= 0.1.0
IMAGES := users friends recommendations registry gateway
IMAGE = $(IMAGE_PREFIX)/social-network-$(1):$(IMAGE_TAG)
REVISION = $(shell git rev-parse HEAD 2>/dev/null || echo unknown)
BUILD_ARGS ?=

.DEFAULT_GOAL := help
.PHONY: up demo load test test-all chaos lint format lock images push sbom compose-up compose-down help clean

up: ## Start the whole system (ENGINES=full: Apache Kafka and Neo4j; ARGS="--detach": in the background)
	@exec $(MANAGE) up --engines $(ENGINES) $(ARGS)

demo: ## Load the network of Les Misérables through the gateway and show who should know whom
	@exec $(MANAGE) demo $(ARGS)

load: ## Simulate load through the gateway (USERS=600 TIES=2000, ARGS="--host http://…"), with a report, load.html
	@exec $(MANAGE) simulate --users $(USERS) --ties $(TIES) $(if $(SEED),--seed $(SEED)) $(ARGS)

test: ## Run every test, on the full engines (contract and smoke on the light ones too)
	@exec $(MANAGE) python tests/run.py $(ARGS)

test-all: ## Run every test on the full engines, and again on the light ones
	@exec $(MANAGE) python tests/run.py --all $(ARGS)

chaos: ## Kill everything at random under load, then account (MINUTES=5, SEED=…, ENGINES=full unless given)
	@exec $(MANAGE) python chaos/run.py --minutes $(MINUTES) $(if $(SEED),--seed $(SEED)) \
		--engines $(if $(filter file,$(origin ENGINES)),full,$(ENGINES)) $(ARGS)

lint: ## Check format, lint, types, imports, deployment settings, migrations
	@exec $(MANAGE) python tests/lint.py

format: ## Format the code and mend what ruff can mend
	@exec $(MANAGE) python tests/lint.py --fix

lock: ## Write requirements.lock, which the images install, anew
	@exec $(MANAGE) python docker/lock.py

images: $(IMAGES:%=image-%) ## Build the images (IMAGE_PREFIX=…, IMAGE_TAG=…, CONTAINER_TOOL=docker|podman|buildah)

image-%:
	$(CONTAINER_TOOL) build --file docker/Dockerfile --target $* --tag $(call IMAGE,$*) \
	    --build-arg VERSION=$(IMAGE_TAG) --build-arg REVISION=$(REVISION) $(BUILD_ARGS) .

push: $(IMAGES:%=push-%) ## Push the images to where IMAGE_PREFIX says

push-%:
	$(CONTAINER_TOOL) push $(call IMAGE,$*)

sbom: ## Write sbom.json: a bill (CycloneDX) of what the images install
	@.venv/bin/uv tool run --from cyclonedx-bom==7.5.0 cyclonedx-py requirements requirements.lock --output-file sbom.json

compose-up: ## Start the system in containers (images by make images, or built now)
	@$(MANAGE) python docker/dotenv.py
	cd docker && docker compose up --detach --wait

compose-down: ## Stop the containers; their volumes stay (docker compose … down --volumes drops them)
	cd docker && docker compose down

clean: ## Remove caches; data (.data) and packages (.venv) stay
	@rm -rf .mypy_cache .ruff_cache .pytest_cache .import_linter_cache .hypothesis
	@find . -path ./.venv -prune -o -path ./.data -prune -o -name __pycache__ -type d -print0 | xargs -0 rm -rf

help: ## Show this list
	@awk -F ':.*## ' '/^[a-z-]+:.*## / {printf "  make %-12s %s\n", $$1, $$2}' $(MAKEFILE_LIST)
