"""One static library of a target and all that it is made of, as a program outside Bazel links it."""

def _unique(items):
    return {item: None for item in items}.keys()

def _static_library_impl(ctx):
    archives = []
    flags = []
    for dep in ctx.attr.deps:
        for linker_input in dep[CcInfo].linking_context.linker_inputs.to_list():
            flags += linker_input.user_link_flags
            for library in linker_input.libraries:
                archive = library.static_library or library.pic_static_library
                if archive:
                    archives.append(archive)
    archives = _unique(archives)
    script = ctx.actions.declare_file(ctx.attr.name + ".mri")
    ctx.actions.write(script, "\n".join(
        ["create " + ctx.outputs.library.path] +
        ["addlib " + archive.path for archive in archives] + ["save", "end", ""],
    ))
    ctx.actions.run_shell(
        inputs = depset(archives + [script]),
        outputs = [ctx.outputs.library],
        command = "ar -M < " + script.path,
        mnemonic = "MergeArchives",
    )

    # The system's libraries, as the targets themselves name them.
    ctx.actions.write(ctx.outputs.link_flags, " ".join(_unique(flags)) + "\n")

static_library = rule(
    implementation = _static_library_impl,
    attrs = {"deps": attr.label_list(providers = [CcInfo])},
    outputs = {"library": "lib%{name}.a", "link_flags": "%{name}.flags"},
)
