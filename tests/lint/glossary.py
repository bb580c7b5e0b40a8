"""One word for each idea, in code, proto, logs, docs and command line alike."""

import re

from tree import Finding

# Word (as a part of an identifier, or a word of a text) -> the glossary's word.
WORDS = {
    "master": "leader", "slave": "backup", "follower": "backup", "followers": "backups",
    "topic": "journal", "topics": "journals", "broker": "node", "brokers": "nodes",
    "consumer": "reader", "consumers": "readers", "publisher": "producer", "publishers": "producers",
    "wal": "journal, ring or segment", "txn": "transaction", "txns": "transactions",
    "hwm": "committed", "oplog": "journal", "commitlog": "journal", "changelogs": "journals",
}
# Phrases, as regular expressions over the text.
PHRASES = {
    r"\bprimary (?:replica|node|server|copy)\b": "leader",
    r"\bsecondary (?:replica|node|server|copy)\b": "backup",
    r"\bstandby (?:replica|node|server)\b": "backup (a standby is the user's application)",
    r"\bhigh[- ]water(?:[- ]?mark)?\b": "committed",
    r"\bfencing token\b": "writer epoch",
    r"\b(?:journal|message|transaction|commit|committed|log) offsets?\b": "LSN",
    r"\bwrite[- ]ahead[- ]log\b": "journal",
    r"\breplica set\b": "members, or in-sync set",
    r"\bconsumer group\b": "readers",
    r"\back(?:nowledgement)? level\b": "level",
}
# Folders that speak another system's language: its words are allowed there.
FOREIGN = {"examples/postgres/": {"wal"}, "server/config_store/etcd_": {"txn"},
           "tests/etcd/": {"txn"}, "docs/decisions/0013": {"txn"}}
ENDINGS = (".cc", ".h", ".proto", ".py", ".sh", ".md", "/dev", ".toml")
EXEMPT = ("tests/lint/",)
# The grammar of positions has this one short form, for people who type.
GRAMMAR = re.compile(r"\btxn(?:-hex)?:")
_PART = re.compile(r"[A-Z]+(?![a-z])|[A-Z]?[a-z]+")


def parts(line):
    """Words of a line, identifiers taken apart: `kFollowerCount` gives k, follower, count."""
    return [part.lower() for part in _PART.findall(GRAMMAR.sub("", line))]


def check_glossary(tree):
    findings = []
    for path in tree.paths(*ENDINGS):
        if path.startswith(EXEMPT):
            continue
        foreign = set()
        for folder, words in FOREIGN.items():
            foreign |= words if path.startswith(folder) else set()
        for number, line in enumerate(tree.lines(path), 1):
            findings += _check_line(path, number, line, foreign)
    return findings


def _check_line(path, number, line, foreign):
    found = {word: WORDS[word] for word in parts(line) if word in WORDS and word not in foreign}
    for pattern, better in PHRASES.items():
        match = re.search(pattern, line, re.IGNORECASE)
        if match:
            found[match.group(0)] = better
    return [Finding(path, number, "glossary", f'"{word}" is not a word of the glossary',
                    "One idea has one word, everywhere", f"Say: {better}")
            for word, better in found.items()]
