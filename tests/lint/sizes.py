"""Sizes of files and functions: a limit, and a ratchet for what was over it before."""

import ast
import json
import re

from tree import Finding, line_of

FILE_LINES_MAX = 400
FUNCTION_LINES_MAX = 70
RATCHET = "tests/lint/ratchet.json"
CODE = (".cc", ".h", ".py", ".sh", ".bzl", "/dev")

_PREPROCESSOR = re.compile(r"^[ \t]*#(?:[^\n\\]|\\.|\\\n)*", re.MULTILINE)
_NOT_A_FUNCTION = re.compile(
    r"^(?:template\s*<.*>\s*)?(?:inline\s+)?(?:export\s+)?(?:typedef\s+)?"
    r"(?:namespace|class|struct|union|enum|extern)\b", re.DOTALL)
_ATTRIBUTE = re.compile(r"\b(?:alignas|__attribute__|decltype|noexcept)\s*\([^()]*(?:\([^()]*\))?[^()]*\)"
                        r"|\[\[[^\]]*\]\]")


def cpp_functions(code):
    """Yields (head, first line, lines) of each outermost function; `code` has no comments."""
    code = _PREPROCESSOR.sub(lambda m: re.sub(r"[^\n]", " ", m.group(0)), code)
    blocks = []  # one for each open brace: (is a function, where its head starts)
    head_start, last_was_function = 0, False
    for match in re.finditer(r"[{};]", code):
        position, mark = match.start(), match.group(0)
        inside = any(is_function for is_function, _ in blocks)
        if mark == "{":
            head = code[head_start:position]
            # An empty head right behind a function is the body behind an initialiser `: a_{a}`.
            function = not inside and (_is_function_head(head) or
                                       (not head.strip() and last_was_function))
            blocks.append((function, _first_letter(code, head_start, position)))
        elif mark == "}" and blocks:
            last_was_function, start = blocks.pop()
            if last_was_function:
                first = line_of(code, start)
                head = " ".join(code[start:code.find("{", start)].split())
                yield head, first, line_of(code, position) - first + 1
        if mark != "}":
            last_was_function = False
        head_start = position + 1


def _first_letter(code, start, end):
    match = re.search(r"\S", code[start:end])
    return start + match.start() if match else end


def _is_function_head(head):
    head = _ATTRIBUTE.sub(" ", re.sub(r"\b(public|private|protected)\s*:", " ", head)).strip()
    if not head or _NOT_A_FUNCTION.match(head) and not re.search(r"\)\s*(const|noexcept|override)?$", head):
        return False
    return ")" in head and not head.endswith(("=", ",", "("))


def function_sizes(tree, path):
    """Yields (name, line, lines) of the functions of a C++ or Python file."""
    if path.endswith((".cc", ".h")):
        for head, line, lines in cpp_functions(tree.code(path)):
            names = re.findall(r"([\w:~]+)\s*\(", head)
            arguments = re.search(r"\bTEST(?:_[FP])?\s*\(([^)]*)\)", head)
            name = arguments.group(1).replace(" ", "") if arguments else names[0] if names else head[:40]
            yield name, line, lines
    elif path.endswith(".py"):
        for node in ast.walk(ast.parse(tree.files[path])):
            if isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef)):
                yield node.name, node.lineno, node.end_lineno - node.lineno + 1


def over_limit(tree):
    """Returns {key: (path, line, size, limit)} of all that is over; a key is stable under edits."""
    over = {}
    for path in tree.paths(*CODE):
        lines = tree.files[path].count("\n")
        if lines > FILE_LINES_MAX:
            over[path] = (path, 1, lines, FILE_LINES_MAX)
        for name, line, size in function_sizes(tree, path):
            if size > FUNCTION_LINES_MAX:
                over[f"{path}#{name}"] = (path, line, size, FUNCTION_LINES_MAX)
    return over


def read_ratchet(tree):
    return json.loads(tree.files.get(RATCHET, "{}"))


def check_sizes(tree):
    over, ratchet, findings = over_limit(tree), read_ratchet(tree), []
    for key, (path, line, size, limit) in over.items():
        kept = ratchet.get(key)
        what = f"{key.split('#')[-1]} has {size} lines"
        if kept is None:
            findings.append(Finding(path, line, "size", what, f"The limit is {limit}",
                                    "Split it where the idea changes"))
        elif size > kept:
            findings.append(Finding(path, line, "size", what, f"It had {kept}, and may only shrink",
                                    "Split it where the idea changes"))
    for key, kept in ratchet.items():
        size = over[key][2] if key in over else 0
        if size < kept:
            findings.append(Finding(
                RATCHET, 1, "size", f"{key} stands at {kept} but is down to {size or 'the limit'}",
                "The ratchet only goes down, and at once", "Run: python3 tests/lint/lint.py --write"))
    return findings


def lowered_ratchet(tree):
    """The ratchet with what has shrunk; never a larger or a new number."""
    over, ratchet = over_limit(tree), read_ratchet(tree)
    return {key: min(kept, over[key][2]) for key, kept in sorted(ratchet.items()) if key in over}
