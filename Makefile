# Headroom: the capacity test for matching engines.
#
#   make capacity                 probe this host, measure, write the report
#   make test                     the tests
#
# Variants lie side by side under build/: release (tuned for this processor), portable (runs on any
# of its family), debug, asan (+ UBSan), tsan. `make VARIANT=asan` builds one; V=1 shows the commands.

VARIANT ?= release
PROFILE ?= standard
ENGINE  ?= reference
OUT     ?=
CLAIMS  ?=
REQUESTS ?= 1000000000
V       ?= 0
WERROR  ?= 0

ifeq ($(origin CC),default)
CC := $(shell command -v gcc >/dev/null 2>&1 && echo gcc || echo cc)
endif
CC_NAME := $(notdir $(firstword $(CC)))
BUILD   := build/$(VARIANT)$(if $(filter gcc cc,$(CC_NAME)),,-$(CC_NAME))

OS := $(if $(filter Darwin,$(shell uname -s)),macos,linux)
PKGS := hwloc jansson yaml-0.1 libzstd
ifneq ($(filter x86_64 i%86 amd64,$(shell uname -m)),)
PKGS += libcpuid
endif

WARN := -Wall -Wextra -Wshadow -Wstrict-prototypes -Wmissing-prototypes -Wpointer-arith -Wcast-qual \
        -Wwrite-strings -Wvla -Wundef -Wformat=2 -Wno-format-nonliteral
ifeq ($(WERROR),1)
WARN += -Werror
endif

TUNE_release  := -O2 -march=native
TUNE_portable := -O2
TUNE_debug    := -O0
TUNE_asan     := -O1 -fsanitize=address,undefined -fno-sanitize-recover=undefined -fno-omit-frame-pointer
TUNE_tsan     := -O1 -fsanitize=thread
TUNE := $(TUNE_$(VARIANT))
ifeq ($(TUNE),)
$(error no variant '$(VARIANT)': release, portable, debug, asan or tsan)
endif

# Asked of pkg-config only when something is compiled, so that `make help` needs no packages.
# SQLite only keeps histories: without it everything else is built.
SQLITE     = $(eval SQLITE := $$(shell pkg-config --exists sqlite3 && echo sqlite3))$(SQLITE)
# libmicrohttpd only serves metrics: without it `headroom serve` says that there are none.
MICROHTTPD = $(eval MICROHTTPD := $$(shell pkg-config --exists 'libmicrohttpd >= 0.9.73' && echo libmicrohttpd))$(MICROHTTPD)
PKG_CFLAGS = $(eval PKG_CFLAGS := $$(shell pkg-config --cflags $(PKGS) $(SQLITE) $(MICROHTTPD)) $(if $(SQLITE),-DHR_HAVE_SQLITE) $(if $(MICROHTTPD),-DHR_HAVE_MICROHTTPD))$(PKG_CFLAGS)
PKG_LIBS   = $(eval PKG_LIBS := $$(shell pkg-config --libs $(PKGS) $(SQLITE) $(MICROHTTPD)))$(PKG_LIBS)

# OpenSSL 3.5 or later, the system's or this tree's; without it the sealed parts say that they are not there.
OPENSSL_CFLAGS = $(eval OPENSSL_CFLAGS := $$(shell scripts/private-openssl --cflags))$(OPENSSL_CFLAGS)
OPENSSL_LIBS   = $(eval OPENSSL_LIBS := $$(shell scripts/private-openssl --libs))$(OPENSSL_LIBS)

CFLAGS   ?= -g
ALL_CFLAGS = -std=c11 -D_GNU_SOURCE -I. $(TUNE) $(CFLAGS) $(WARN) -pthread
LDLIBS    = $(PKG_LIBS) $(OPENSSL_LIBS) -lm -ldl -pthread

SOURCES := $(filter-out engine-under-test/skeleton.c engine-under-test/reference/reference_entry.c, \
           $(wildcard harness/*.c harness/ledger/*.c harness/platform/$(OS)/*.c probes/*.c probes/$(OS)/*.c \
             engine-under-test/*.c engine-under-test/reference/*.c engine-under-test/device/*.c suites/*.c reports/*.c))
MAIN    := harness/main.c
OBJECTS := $(SOURCES:%.c=$(BUILD)/%.o) $(BUILD)/reports/schema_text.o $(addprefix $(BUILD)/engine-under-test/device/kernel_,text.o ceilings_text.o product_text.o)
LIBRARY := $(BUILD)/libheadroom.a
PROGRAM := $(BUILD)/headroom
TESTS   := $(wildcard tests/unit/*_test.c)
FUZZ    := $(patsubst tests/fuzz/%_fuzz.c,$(BUILD)/fuzz/%,$(wildcard tests/fuzz/*_fuzz.c))
REFERENCE := $(wildcard engine-under-test/reference/*.c)
PLUGINS := $(BUILD)/skeleton.so $(BUILD)/reference.so $(patsubst tests/%.c,$(BUILD)/%.so,$(wildcard tests/mutants/*.c tests/plugins/*.c))
MOCKS   := $(if $(filter linux,$(OS)),$(addprefix $(BUILD)/mocks/,libcuda.so.1 libnvrtc.so.13 libnvidia-ml.so.1 libobjc.A.dylib CoreGraphics Metal))

# One module an MPI that is installed: "openmpi mpicc.openmpi". The program itself links none.
MPIS     = $(eval MPIS := $$(shell scripts/mpi-compilers | tr ' ' '='))$(MPIS)
MODULES  = $(patsubst %,$(BUILD)/headroom-%.so,$(foreach m,$(MPIS),$(firstword $(subst =, ,$(m)))))

ifeq ($(V),1)
Q :=
say = @:
else
Q := @
say = @printf '  %-6s %s\n'
endif

all: program ## build the program (the default); VARIANT=release|portable|debug|asan|tsan

program: $(PROGRAM) mpi
	@ln -sfn $(VARIANT)$(if $(filter gcc cc,$(CC_NAME)),,-$(CC_NAME))/headroom build/headroom

capacity: bootstrap ## measure this host and write the report: PROFILE=quick|standard|full|planet ENGINE=… OUT=… CLAIMS=mine.yaml
	@$(MAKE) --no-print-directory program
	@build/headroom run '$(PROFILE)' -e '$(ENGINE)' $(if $(OUT),-o '$(OUT)') $(if $(CLAIMS),--claims '$(CLAIMS)'); status=$$?; \
	if [ $$status -eq 3 ]; then \
	    echo "make capacity: the report is written; results that this host disturbed are INVALID there, with the reason" >&2; \
	    status=0; \
	fi; \
	[ $$status -eq 0 ] || exit $$status; \
	[ -z '$(CLAIMS)' ] || build/headroom claims '$(or $(OUT),results/latest)/result.json' --claims '$(CLAIMS)' --fail-on refuted,short

test: bootstrap ## run all tests (unit, contract, golden, command line, fuzz, sanitizers)
	@CC=$(CC) tests/run

soak: bootstrap ## drive a billion requests through an engine: still right, still as small? REQUESTS=… ENGINE=…
	@$(MAKE) --no-print-directory program
	@build/headroom soak --requests '$(REQUESTS)' -e '$(ENGINE)'

quicktest: ## run the unit tests of one variant; T=pattern picks suites
	@$(MAKE) --no-print-directory $(BUILD)/unit-tests
	@$(BUILD)/unit-tests $(if $(T),--filter '$(T)')

bootstrap: ## say what is missing and install it
	@scripts/bootstrap

portable: ## build the portable variant beside the native one
	@$(MAKE) --no-print-directory VARIANT=portable build/portable/headroom

engine: ## build the reference engine as build/VARIANT/reference.so, to hold one build against another
	@$(MAKE) --no-print-directory $(BUILD)/reference.so

lines: ## count the lines of memory a request touches, by flow (needs valgrind)
	@scripts/lines-per-request

bless: ## accept the present output of the golden tests as right
	@HEADROOM_BLESS=1 tests/run golden cli

device-bench: ## measure a GPU with a program that needs no libraries (scripts/measure-device runs it)
	@$(MAKE) --no-print-directory $(BUILD)/device-bench

list: ## list variants, sources and tests
	@printf 'variants: release portable debug asan tsan\nsources: %s\ntests: %s\n' '$(SOURCES)' '$(TESTS)'

format: ## lay the code out with clang-format
	clang-format -i $(shell git ls-files '*.c' '*.h')

clean: ## remove everything that was built
	rm -rf build

help: ## this list
	@awk -F':.*## ' '/^[a-z]+:.*## / {printf "  make %-10s %s\n", $$1, $$2}' Makefile

# ---- how things are made ---------------------------------------------------------

# Everything but main goes into an archive, so that a test links only what it uses.
$(LIBRARY): $(filter-out $(BUILD)/$(MAIN:.c=.o),$(OBJECTS))
	$(say) AR $@
	$(Q)rm -f $@ && $(AR) rcs $@ $^

$(PROGRAM): $(BUILD)/$(MAIN:.c=.o) $(LIBRARY)
	$(say) LINK $@
	$(Q)$(CC) $(ALL_CFLAGS) -o $@ $^ $(LDLIBS)

$(BUILD)/%.o: %.c
	$(say) CC $<
	@mkdir -p $(@D)
	$(Q)$(CC) $(ALL_CFLAGS) $(PKG_CFLAGS) -MMD -MP -c -o $@ $<

# What the program says of itself. The stamp changes only when its text does.
BUILD_FACTS = \#define HR_BUILD_CFLAGS "$(strip $(TUNE) $(CFLAGS))"\n\#define HR_BUILD_VARIANT "$(VARIANT)"\n\#define HR_BUILD_GIT_SHA "$(shell git rev-parse HEAD 2>/dev/null)"\n\#define HR_BUILD_GIT_DIRTY $(shell git diff --quiet HEAD 2>/dev/null && echo 0 || echo 1)\n\#define HR_BUILD_CONFIGS "$(CURDIR)/configs"\n
$(BUILD)/build_facts.h: always
	@mkdir -p $(@D)
	@printf '$(BUILD_FACTS)' > $@.new; cmp -s $@.new $@ && rm $@.new || mv $@.new $@
$(BUILD)/harness/build.o: $(BUILD)/build_facts.h
$(BUILD)/harness/build.o: private CFLAGS += -include $(BUILD)/build_facts.h

# Rebuilt when OpenSSL was brought, or went.
$(BUILD)/openssl_facts.h: always
	@mkdir -p $(@D)
	@printf '#define HR_HAVE_OPENSSL %d\n/* %s */\n' $(if $(OPENSSL_LIBS),1,0) '$(OPENSSL_LIBS)' > $@.new; \
	 cmp -s $@.new $@ && rm $@.new || mv $@.new $@
$(BUILD)/harness/crypto.o $(BUILD)/harness/crypto_keys.o: $(BUILD)/openssl_facts.h
$(BUILD)/harness/crypto.o $(BUILD)/harness/crypto_keys.o: private CFLAGS += -include $(BUILD)/openssl_facts.h $(OPENSSL_CFLAGS)

# What decides a flow's bytes must round the same everywhere: no fused multiply-add.
$(addprefix $(BUILD)/harness/,portable_math.o distribution.o flow_params.o flow.o arrival.o): CFLAGS += -ffp-contract=off

$(BUILD)/reports/schema_text.c: reports/result.schema.json
	@mkdir -p $(@D)
	@{ echo 'extern const char hr_result_schema[];'; echo 'const char hr_result_schema[] ='; \
	   sed -e 's/\\/\\\\/g' -e 's/"/\\"/g' -e 's/^/    "/' -e 's/$$/\\n"/' $<; echo '    ;'; } > $@
$(BUILD)/reports/schema_text.o: $(BUILD)/reports/schema_text.c
	$(Q)$(CC) $(ALL_CFLAGS) -c -o $@ $<

# The kernels' source, for the compilers of devices: the same files, without what C alone includes.
KERNEL_HEADERS = $(addprefix engine-under-test/device/kernel_,$(addsuffix .h,$(1)))
$(BUILD)/engine-under-test/device/kernel_text.c: $(call KERNEL_HEADERS,dialect layout group book match)
$(BUILD)/engine-under-test/device/kernel_ceilings_text.c: $(call KERNEL_HEADERS,dialect walk ceilings)
$(BUILD)/engine-under-test/device/kernel_product_text.c: $(call KERNEL_HEADERS,dialect matrix product)
$(BUILD)/engine-under-test/device/%_text.c: Makefile
	@mkdir -p $(@D)
	@{ echo 'extern const char eut_$(basename $(@F))[];'; echo 'const char eut_$(basename $(@F))[] ='; \
	   cat $(filter %.h,$^) | sed -e '/^#include "/d' -e 's/\\/\\\\/g' -e 's/"/\\"/g' -e 's/^/    "/' -e 's/$$/\\n"/'; echo '    ;'; } > $@
$(BUILD)/engine-under-test/device/%_text.o: $(BUILD)/engine-under-test/device/%_text.c
	$(Q)$(CC) $(ALL_CFLAGS) -c -o $@ $<

$(BUILD)/skeleton.so: engine-under-test/skeleton.c
$(filter-out $(BUILD)/skeleton.so $(BUILD)/reference.so,$(PLUGINS)): $(BUILD)/%.so: tests/%.c
# The reference engine as a library of its own; and one that is it, but for a delay.
MORE_REFERENCE := $(filter-out %_entry.c,$(REFERENCE))
$(BUILD)/reference.so: engine-under-test/reference/reference_entry.c
$(BUILD)/reference.so $(BUILD)/plugins/slower.so: $(MORE_REFERENCE)
$(BUILD)/reference.so $(BUILD)/plugins/slower.so: private MORE := $(MORE_REFERENCE)
$(BUILD)/reference.so $(BUILD)/plugins/slower.so: private POSIX := -D_GNU_SOURCE
$(PLUGINS):
	$(say) SO $@
	@mkdir -p $(@D)
	$(Q)$(CC) -std=c11 $(POSIX) -I. $(TUNE) $(CFLAGS) $(WARN) -fPIC -shared -MMD -MP -o $@ $< $(MORE)

# Libraries of vendors that are none, under their names (tests/mocks/mock.h).
$(BUILD)/mocks/libcuda.so.1: tests/mocks/cuda_mock.c engine-under-test/device/kernel_host.c
$(BUILD)/mocks/libnvrtc.so.13: tests/mocks/nvrtc_mock.c
$(BUILD)/mocks/libnvidia-ml.so.1: tests/mocks/nvml_mock.c
$(BUILD)/mocks/libobjc.A.dylib: tests/mocks/objc_mock.c engine-under-test/device/kernel_host.c
$(addprefix $(BUILD)/mocks/,CoreGraphics Metal): tests/mocks/metal_mock.c
$(addprefix $(BUILD)/mocks/,CoreGraphics Metal): FRAMEWORK = /System/Library/Frameworks/$(@F).framework/
$(MOCKS): $(wildcard tests/mocks/*.h engine-under-test/device/*.h)
	$(say) SO $@
	@mkdir -p $(@D)
	$(Q)$(CC) $(ALL_CFLAGS) -fPIC -shared -Wl,-soname,$(FRAMEWORK)$(@F) -o $@ $(filter %.c,$^)

# The device suite's questions without any library (scripts/measure-device).
BENCH_C := tests/bench/device_bench.c suites/device_drive.c \
           $(filter-out %_product.c,$(wildcard engine-under-test/device/*.c)) $(filter-out %_entry.c,$(REFERENCE)) \
           $(patsubst %,engine-under-test/%.c,collect conform contract differ hostile hostile_round oracle oracle_book \
             scenario scenarios shrink watch) \
           $(patsubst %,harness/%.c,cgroup clock codec distribution error flow flow_observe flow_params flow_text histogram \
             itch50 lobster market_cut output portable_math progress proof recorded sha256 slices statistics tape \
             platform/$(OS)/memory_$(OS) platform/$(OS)/threads_$(OS))
$(BUILD)/device-bench: PKG_CFLAGS =
$(BUILD)/device-bench: $(BENCH_C:%.c=$(BUILD)/%.o) $(addprefix $(BUILD)/engine-under-test/device/kernel_,text.o ceilings_text.o)
	$(say) LINK $@
	$(Q)$(CC) $(ALL_CFLAGS) -o $@ $^ -lm -ldl -pthread

# The unit tests under Criterion; the same files under a plain runner where Criterion cannot go.
$(BUILD)/tests/%.o: tests/%.c
	$(say) CC $<
	@mkdir -p $(@D)
	$(Q)$(CC) $(ALL_CFLAGS) $(PKG_CFLAGS) -MMD -MP -c -o $@ $<
$(BUILD)/plain/%.o: tests/%.c
	$(say) CC $<
	@mkdir -p $(@D)
	$(Q)$(CC) $(ALL_CFLAGS) $(PKG_CFLAGS) -DHR_PLAIN_TESTS -MMD -MP -c -o $@ $<
$(BUILD)/unit-tests: $(TESTS:%.c=$(BUILD)/%.o) $(LIBRARY) | $(PLUGINS) $(MOCKS)
	$(say) LINK $@
	$(Q)$(CC) $(ALL_CFLAGS) -o $@ $^ -lcriterion $(LDLIBS)
$(BUILD)/plain-tests: $(TESTS:tests/%.c=$(BUILD)/plain/%.o) $(BUILD)/plain/plain_runner.o $(LIBRARY) | $(PLUGINS) $(MOCKS)
	$(say) LINK $@
	$(Q)$(CC) $(ALL_CFLAGS) -o $@ $^ $(LDLIBS)
# One test file alone: make build/release/only/clock_test
$(BUILD)/only/%: $(BUILD)/tests/unit/%.o $(LIBRARY)
	@mkdir -p $(@D)
	$(Q)$(CC) $(ALL_CFLAGS) -o $@ $^ -lcriterion $(LDLIBS)
$(BUILD)/fuzz/%: $(BUILD)/tests/fuzz/%_fuzz.o $(BUILD)/tests/fuzz/fuzz_driver.o $(LIBRARY)
	$(say) LINK $@
	@mkdir -p $(@D)
	$(Q)$(CC) $(ALL_CFLAGS) -o $@ $^ $(LDLIBS)

# Beside the program, which opens the one whose mpirun started it. Made by that MPI's own compiler.
mpi:
	@$(if $(MODULES),$(MAKE) --no-print-directory $(MODULES),:)
$(BUILD)/headroom-%.so: harness/mpi/mpi_module.c harness/mpi/mpi_module.h
	$(say) MPICC $@
	@mkdir -p $(@D)
	$(Q)$(patsubst $*=%,%,$(filter $*=%,$(MPIS))) -std=c11 -D_GNU_SOURCE -I. -O2 -Wall -Wextra -fPIC -shared -o $@ $<

$(BUILD)/port_attack: $(BUILD)/tests/attack/port_attack.o $(LIBRARY)
	$(say) LINK $@
	$(Q)$(CC) $(ALL_CFLAGS) -o $@ $^ $(LDLIBS)

plugins: $(PLUGINS) $(MOCKS)
attack: $(BUILD)/port_attack
fuzz: $(FUZZ)

.PHONY: all device-bench program capacity test soak quicktest bootstrap portable engine lines bless list format clean help plugins attack fuzz mpi always
.SECONDARY:
-include $(shell find $(BUILD) -name '*.d' 2>/dev/null)
