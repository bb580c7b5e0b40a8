"""Position-independent code for one target and all that it is made of.

The rest of the tree is compiled once, without it (.bazelrc). What a shared library needs is compiled
again, in a configuration of its own that rebuilds nothing of the others.
"""

_COPT = "//command_line_option:copt"
_SUFFIX = "//command_line_option:platform_suffix"

def _pic_transition_impl(settings, attr):
    return {
        _COPT: settings[_COPT] + ["-fPIC"],
        _SUFFIX: (settings[_SUFFIX] or "") + "-pic",
    }

_pic_transition = transition(
    implementation = _pic_transition_impl,
    inputs = [_COPT, _SUFFIX],
    outputs = [_COPT, _SUFFIX],
)

def _pic_copy_impl(ctx):
    ctx.actions.symlink(output = ctx.outputs.out, target_file = ctx.file.src)
    return [DefaultInfo(files = depset([ctx.outputs.out]))]

# `out` is `src`, built as position-independent code.
pic_copy = rule(
    implementation = _pic_copy_impl,
    attrs = {
        "src": attr.label(cfg = _pic_transition, allow_single_file = True),
        "out": attr.output(),
        "_allowlist_function_transition": attr.label(
            default = "@bazel_tools//tools/allowlists/function_transition_allowlist",
        ),
    },
)
