"""The project's C++ rules: warnings are errors, and every test is a GoogleTest."""

WARNINGS = ["-Wall", "-Wextra", "-Werror", "-Wno-unused-parameter", "-Wno-missing-field-initializers"]

def rj_library(name, deps = [], copts = [], **kwargs):
    native.cc_library(name = name, deps = deps + ["@system//:absl"], copts = WARNINGS + copts, **kwargs)

def rj_binary(name, deps = [], copts = [], **kwargs):
    native.cc_binary(name = name, deps = deps + ["@system//:absl"], copts = WARNINGS + copts, **kwargs)

def rj_test(name, deps = [], copts = [], size = "small", **kwargs):
    native.cc_test(
        name = name,
        size = size,
        deps = deps + ["@system//:gtest_main", "@system//:absl"],
        copts = WARNINGS + copts,
        **kwargs
    )
