"""A decoder under fuzzing: its corpus as a unit test, and its libFuzzer program."""

load("//tools/build_defs:cc.bzl", "rj_binary", "rj_library", "rj_test")

def rj_fuzz(name, deps = []):
    """From NAME_target.cc and corpus/NAME: NAME_corpus_test, and by hand NAME_fuzz and NAME_write.

    Args:
      name: of the decoder.
      deps: what NAME_target.cc includes.
    """
    rj_library(
        name = name + "_target",
        testonly = True,
        srcs = [name + "_target.cc"],
        deps = deps + [":target"],
    )
    rj_test(
        name = name + "_corpus_test",
        srcs = ["corpus_check.cc"],
        data = native.glob(["corpus/" + name + "/**"]),
        local_defines = ["RINGJOURNAL_CORPUS=\\\"tests/fuzz/corpus/" + name + "\\\""],
        deps = [":" + name + "_target"],
    )
    rj_binary(
        name = name + "_write",
        testonly = True,
        srcs = ["write_corpus.cc"],
        tags = ["manual"],
        deps = [":" + name + "_target"],
    )

    # Links with clang only: --config=fuzz.
    rj_binary(
        name = name + "_fuzz",
        testonly = True,
        srcs = ["fuzz_main.cc"],
        linkopts = ["-fsanitize=fuzzer"],
        tags = ["manual"],
        deps = [":" + name + "_target"],
    )
