# The commands of the README and of CI. A fresh machine needs a Rust toolchain, Python 3.10+ and a C/C++ compiler; Python
# packages are installed into .venv, in this folder.
#
# Cargo is called without -p on purpose: all commands then resolve the same features and share one build of the dependencies
# in one target directory. With -p, cargo compiles Burn a second time.

.DEFAULT_GOAL := help
.NOTPARALLEL:

CARGO ?= cargo
PYTHON ?= python3
TARGET := $(or $(CARGO_TARGET_DIR),target)
VENV_PYTHON := .venv/bin/python
PYTHON_CODE := python examples tests/python tests/torture benches/compare tools/prose tools/scores

# Recordings of people that the built-in model is trained on and compared with, and their share of its training samples.
MOCAP ?= mocap
MOCAP_SHARE ?= 0.4

# Destination and build of `make install`; dev is the build of the tests.
PREFIX ?= /usr/local
PROFILE ?= release
# cbindgen has a separate workspace, since it would change features of Burn's dependencies.
HEADER = $(CARGO) run --quiet --locked --manifest-path tools/header/Cargo.toml --target-dir "$(TARGET)/header" --

# Only the command line sets it, since some shells export their own PROMPT.
ifneq ($(origin PROMPT),command line)
PROMPT := a person walks forward and waves
endif
export PROMPT

.PHONY: help cxx demo test test-rust test-release test-levels test-python test-capi test-viewer test-torch test-ray test-blender test-programs test-fuzz fuzz torture install wheel package api header bindings lint prose bench docs nano nano-evaluate solvers pictures mbench test-mpi bench-compare check-cuda test-wgpu precision blender-addon reference studio web test-web

help: ## this list
	@grep -hE '^[a-z-]+:.*## ' Makefile | awk -F ':.*## ' '{ printf "make %-14s %s\n", $$1, $$2 }'

# The video encoder is C++.
demo test-rust test-python test-capi lint wheel: | cxx
cxx:
	@tools/cxx.sh

demo: ## make a motion from a sentence, into out/, and the command .venv/bin/vimogen (PROMPT="a person jumps" SEED=7)
	$(CARGO) run --locked --example demo -- "$$PROMPT" $(SEED)
	$(CARGO) build --locked --workspace --lib
	@PYTHON="$(PYTHON)" tests/python/venv.sh numpy click
	@$(VENV_PYTHON) tests/python/install.py "$(TARGET)"
	@echo 'next: .venv/bin/vimogen generate "a person jumps", or "import vimogen" in .venv/bin/python'

studio: | cxx ## the studio in a browser (after make demo; PORT=8765)
	$(CARGO) build --locked --workspace --lib
	@PYTHON="$(PYTHON)" tests/python/venv.sh numpy click starlette uvicorn
	@$(VENV_PYTHON) tests/python/install.py "$(TARGET)"
	.venv/bin/vimogen studio --port $(or $(PORT),8765)

web: ## the studio as a static folder, dist/web, with the engine in the page, and the npm package, dist/npm (minutes; needs rustup or a wasm32 target)
	CARGO="$(CARGO)" tools/wasm.sh
	$(CARGO) build --locked --profile web -p vimogen-web --lib --target wasm32-unknown-unknown
	$(PYTHON) tools/web.py "$(TARGET)/wasm32-unknown-unknown/web/vimogen_web.wasm" dist/web dist/npm

test: test-rust test-mpi test-python test-ray test-blender test-capi test-viewer test-fuzz ## all tests

test-rust: ## unit, golden and documentation tests
	tests/viewer/ffmpeg.sh
	$(CARGO) test --locked --workspace --no-fail-fast

test-mpi: ## training by several processes under mpirun (skipped where there is no MPI)
	if tests/mpi/tools.sh; then $(CARGO) test --locked --workspace --features vimogen-core/mpi --test mpi; fi

test-release: ## the release's sample data through a model of its width (VIMOGEN_RELEASE_DATA=folder; fails without it)
	$(CARGO) test --locked --workspace --lib --test release -- --ignored release_data

test-levels: ## the network at every level of instructions; fails on a CPU that lacks one
	$(CARGO) test --locked --workspace --test golden -- --include-ignored level

test-python: .venv/.ready ## the Python package, and our files as Python reads them
	tests/viewer/browser.sh
	$(CARGO) build --locked --workspace --lib --examples
	$(VENV_PYTHON) tests/python/install.py "$(TARGET)"
	$(VENV_PYTHON) -m pytest -q tests/python --artifacts "$(TARGET)" --ignore tests/python/test_ray.py --ignore tests/python/test_ray_api.py --ignore tests/python/test_web.py

test-capi: .venv/.ready ## C and C++ programs against the installed library, its header, the quick starts of all languages
	tests/capi/tools.sh
	$(CARGO) build --locked --workspace --lib --examples
	$(HEADER)
	$(VENV_PYTHON) -m pytest -q -rs tests/capi --artifacts "$(TARGET)"

test-viewer: ## the HTML player and a video, in a headless Chromium where there is one
	tests/viewer/browser.sh
	CARGO="$(CARGO)" PYTHON="$(PYTHON)" tests/viewer/run.sh

test-web: .venv/.ready ## the page without a server and the npm package, in Chromium and in Node (compiles for minutes; skipped where there is no wasm32 target)
	@tests/viewer/browser.sh
	@if CARGO="$(CARGO)" tools/wasm.sh; then \
	  $(MAKE) --no-print-directory web && $(CARGO) build --locked --workspace --lib && \
	  $(VENV_PYTHON) tests/python/install.py "$(TARGET)" && \
	  $(VENV_PYTHON) -m pytest -q -rs tests/python/test_web.py --artifacts "$(TARGET)"; \
	else echo "Rust cannot compile to WebAssembly here: the page without a server is not tested"; fi

test-torch: .venv/.torch ## PyTorch reads our checkpoints and motions (downloads PyTorch, some hundred MB)
	$(CARGO) test --locked --workspace --test interop
	$(VENV_PYTHON) -m pytest -q tests/python/test_torch.py --artifacts "$(TARGET)"

test-ray: .venv/.ready ## batch work and the server on a local Ray (downloads Ray, some hundred MB; skipped where it cannot be installed)
	$(CARGO) build --locked --workspace --lib --examples
	$(VENV_PYTHON) tests/python/install.py "$(TARGET)"
	@if $(VENV_PYTHON) -m pip install --quiet --disable-pip-version-check 'ray[data,serve]'; then \
	  $(VENV_PYTHON) -m pytest -q tests/python/test_ray.py tests/python/test_ray_api.py --artifacts "$(TARGET)"; \
	else echo "Ray cannot be installed here: its test is skipped"; fi

test-blender: .venv/.ready ## Blender imports our files, and our add-on generates in it (downloads it as a Python module, some 400 MB; skipped where it cannot be installed)
	$(CARGO) build --locked --workspace --lib --examples
	$(VENV_PYTHON) tests/python/install.py "$(TARGET)"
	@$(PYTHON) -m venv "$(TARGET)/blender"
	@if "$(TARGET)/blender/bin/python" -m pip install --quiet --disable-pip-version-check bpy; then \
	  VIMOGEN_BLENDER="$(abspath $(TARGET))/blender/bin/python" $(VENV_PYTHON) -m pytest -q tests/python/test_blender.py tests/python/test_blender_addon.py --artifacts "$(TARGET)"; \
	else echo "Blender cannot be installed for this Python: its test is skipped"; fi

test-programs: .venv/.ready ## other programs read our files, then the table of the book: OpenUSD from pip, three.js and assimp from npm (BLENDER=python with bpy)
	$(CARGO) build --locked --workspace --lib --examples
	$(VENV_PYTHON) tests/python/install.py "$(TARGET)"
	@$(VENV_PYTHON) -m pip install --quiet --disable-pip-version-check usd-core || echo "OpenUSD cannot be installed here: its tests are skipped"
	$(VENV_PYTHON) -m pytest -q -rs tests/python/test_other_programs.py --artifacts "$(TARGET)"
	$(VENV_PYTHON) tests/python/programs.py --artifacts "$(TARGET)" $(if $(BLENDER),--blender "$(BLENDER)")

blender-addon: ## the Blender add-on as one zip in dist/ (WHEELS="vimogen.whl click.whl" packs them with it)
	$(PYTHON) tools/blender_addon.py $(addprefix --wheel ,$(WHEELS))

test-fuzz: ## readers of files under the fuzzer, 10 s each (skipped where no fuzzer can be built)
	VIMOGEN_FUZZ_TARGET="$(abspath $(TARGET))/fuzz" vimogen-core/fuzz/run.sh $(or $(FUZZ_SECONDS),10)

fuzz: ## all file readers under the fuzzer, including those that need Burn, then some with AddressSanitizer if there is a nightly Rust (FUZZ_SECONDS=60)
	VIMOGEN_FUZZ_TARGET="$(abspath $(TARGET))/fuzz" vimogen-core/fuzz/run.sh $(or $(FUZZ_SECONDS),60)
	VIMOGEN_FUZZ_TARGET="$(abspath $(TARGET))/fuzz" vimogen-core/fuzz/run.sh $(or $(FUZZ_SECONDS),60) experiment
	VIMOGEN_FUZZ_TARGET="$(abspath $(TARGET))/fuzz" vimogen-core/fuzz/run.sh $(or $(FUZZ_SECONDS),60) --sanitize

torture: .venv/.ready ## half an hour of stress: threads, forks, kills, full disks, damaged files, random C calls (TORTURE_SECONDS=1800 ARGS="--report FILE"; ARGS=--docs for the book)
	$(CARGO) build --locked --workspace --lib
	$(VENV_PYTHON) tests/python/install.py "$(TARGET)"
	$(VENV_PYTHON) tests/torture --artifacts "$(TARGET)" --seconds $(or $(TORTURE_SECONDS),1800) $(ARGS)

lint: .venv/.ready ## format, clippy, documentation and Python, without a warning
	$(CARGO) fmt --all --check
	CARGO="$(CARGO)" tools/one_build.sh
	$(CARGO) clippy --locked --workspace --all-targets -- -D warnings
	RUSTDOCFLAGS="-D warnings" $(CARGO) doc --locked --workspace --no-deps
	$(VENV_PYTHON) -m ruff format --check $(PYTHON_CODE)
	$(VENV_PYTHON) -m ruff check $(PYTHON_CODE)
	$(PYTHON) tools/prose/count.py --max what-is=8 most-that=8 beside=0 a-x-a-y=4 is-no=4 told=4

prose: ## count turns of phrase to avoid, by folder (ARGS="--list numbers docs" prints the places)
	@$(PYTHON) tools/prose/count.py $(ARGS)

install: ## the C and C++ library: headers, libraries, vimogen.pc, CMake package (PREFIX=/usr/local DESTDIR=)
	$(CARGO) build --locked $(if $(filter dev,$(PROFILE)),--workspace,-p vimogen-capi) --lib --profile $(PROFILE)
	vimogen-capi/install/install.sh "$(TARGET)/$(PROFILE:dev=debug)" "$(PREFIX)"

package: | cxx ## the crate as cargo publish uploads it: size, build and documentation tests
	CARGO="$(CARGO)" tools/package.sh "$(TARGET)"

api: ## compare the public interface of vimogen-core with tests/api (ARGS=--write to accept a change)
	CARGO="$(CARGO)" PYTHON="$(PYTHON)" tools/api/check.sh "$(TARGET)" $(ARGS)

header: ## regenerate include/vimogen.h after a change of vimogen-capi
	$(HEADER) --write

bindings: ## write what C, Python and the book take from the declarations of enums and options, and the header
	$(CARGO) run --quiet --locked --example schema > "$(TARGET)/schema.json"
	$(PYTHON) tools/bindings.py "$(TARGET)/schema.json"
	$(HEADER) --write

reference: .venv/.ready ## write the Python reference of the book from the stubs and docstrings
	$(CARGO) build --locked --workspace --lib
	$(VENV_PYTHON) tests/python/install.py "$(TARGET)"
	$(VENV_PYTHON) tools/python_reference.py

wheel: .venv/.ready ## the release wheel into dist/, checked, installed into an empty environment and tested there
	tests/python/wheel.sh

bench: ## benchmarks, optimised as a release (FILTER=name for some of them)
	$(CARGO) bench --locked -p vimogen-bench -- $(FILTER)

bench-compare: .venv/.torch ## vimogen compared with PyTorch: one table (downloads PyTorch; ARGS="--sizes nano small full --work DIR"; PROFILE=dev skips the release build)
	$(VENV_PYTHON) -m pip install --quiet --disable-pip-version-check scipy
	$(CARGO) build --locked --workspace --lib --profile $(PROFILE)
	$(VENV_PYTHON) tests/python/install.py "$(TARGET)" $(PROFILE:dev=debug)
	$(VENV_PYTHON) benches/compare/compare.py $(ARGS)

check-cuda: ## the CUDA backend compiles (types only: no GPU and no LLVM needed)
	DOCS_RS=1 CARGO_PROFILE_DEV_OPT_LEVEL=0 $(CARGO) --config 'profile.dev.package."*".opt-level=0' check --locked -p vimogen-core --lib --features full,cuda --target-dir "$(TARGET)/gpu"

# A separate build without optimisation, since Rust computes nothing here.
test-wgpu: ## golden tests of the network on a GPU, or on Mesa's software Vulkan (a quarter of an hour; skipped where there is no Vulkan)
	if tests/gpu/tools.sh; then VIMOGEN_TEST_DEVICE=wgpu CARGO_PROFILE_DEV_OPT_LEVEL=0 \
	  $(CARGO) --config 'profile.dev.package."*".opt-level=0' test --locked -p vimogen-core --features full,wgpu \
	  --target-dir "$(TARGET)/gpu" --test golden -- --test-threads 1 dit:: sampler::; fi

docs: ## the API reference, and the book if mdbook is installed
	$(CARGO) doc --locked --workspace --no-deps
	@if command -v mdbook >/dev/null; then mdbook build docs; fi
	@echo "open $(TARGET)/doc/vimogen_core/index.html"

pictures: ## redraw the pictures of the README and of docs/src/how-to/pictures.md with the built-in model
	$(CARGO) run --locked --example pictures

nano: .venv/.ready | cxx ## train the built-in model into vimogen-core/assets/nano, for minutes to hours; run again to resume (MOCAP=folder of recordings with captions.csv, ARGS="--save DIR")
	@if ! test -f "$(MOCAP)/captions.csv"; then \
	  echo "no recordings in $(MOCAP)/: training on procedural motion alone, which moves less like people."; \
	  echo "Motions of the CMU database are at mocap.cs.cmu.edu (ASF/AMC); docs/src/how-to/train.md says how to caption them."; fi
	$(CARGO) build --locked --workspace --lib
	$(VENV_PYTHON) tests/python/install.py "$(TARGET)"
	$(VENV_PYTHON) -m vimogen train --config examples/nano.yaml --set "dataset.clips={folder: '$(MOCAP)', share: $(MOCAP_SHARE), optional: true}" --save vimogen-core/assets/nano --dtype bfloat16 $(ARGS)

nano-evaluate: .venv/.ready ## the built-in model's scores, as in docs/nano-scores.md (MOCAP=folder of recordings, ARGS="--model DIR --report FILE --only first human")
	$(CARGO) build --locked --workspace --lib --examples
	$(VENV_PYTHON) tests/python/install.py "$(TARGET)"
	$(VENV_PYTHON) tools/scores --paraphrases "$(TARGET)/debug/examples/evaluate_nano" $(if $(wildcard $(MOCAP)/captions.csv),--mocap "$(MOCAP)") $(ARGS)

mbench: ## the built-in model's MBench scores, as in docs/mbench-scores.md (MBENCH=folder of MBench_final.json and MBench_eval_info.json)
	$(CARGO) run --locked --example mbench -- "$(MBENCH)" docs/mbench-scores.md

solvers: ## the tables of docs/src/concepts/solvers.md: error of each solver by evaluations (minutes)
	$(CARGO) run --locked --example solvers

precision: ## the tables of docs/src/concepts/precision.md: error and speed of smaller weights (minutes)
	$(CARGO) run --locked --example precision

.venv/.ready: tests/python/requirements.txt tests/python/venv.sh
	PYTHON="$(PYTHON)" tests/python/venv.sh

.venv/.torch: .venv/.ready
	$(VENV_PYTHON) -m pip install --quiet torch
	touch $@
