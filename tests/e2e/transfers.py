"""export, import and inspect: every format there and back, damage, foreign files, full disks."""

import json
import os
import subprocess

from case import SMALL, case, flip, lines, run_ok, run_refused
from checks import expect, expect_equal, expect_in
from positions import with_metadata
from replaying import metadata, range_hash
from wire import entry_pb

FORMATS = ("entries", "delimited", "jsonl")


def filled(environment, count=5000):
    server = environment.serving()
    run_ok(server, "journal", "create", "orders", *SMALL)
    run_ok(server, "append", "orders", "--batch", "50", stdin=lines(1, count))
    with_metadata(environment, server, count + 1, count + 500)
    return server


def in_folder(server, name):
    return os.path.join(server.data_dir, name)


@case("export and import: every format, compressed or not, keeps payload, metadata, order and range hash")
def there_and_back(environment):
    server = filled(environment)
    original = metadata(server, "orders")
    whole = range_hash(server.cli("replay", "orders").stderr)
    for form in FORMATS:
        for more in ([], ["--zstd"], ["--zstd", "9"]):
            path, copy = in_folder(server, "export"), f"{form}{len(more)}"
            done = server.cli("export", "orders", "--format", form, "--output", path, *more)
            expect_equal((done.returncode, range_hash(done.stderr).rstrip(";")), (0, whole), f"export {form} {more}")
            expect(not os.path.exists(path + ".part"), "the unfinished file has gone")
            run_ok(server, "journal", "create", copy, *SMALL)
            guess = ["--format", form] if form == "delimited" else []
            done = server.cli("import", copy, path, *guess)
            expect_equal((done.returncode, range_hash(done.stderr)), (0, whole), f"import {form} {more} ({done.stderr})")
            expect_equal(metadata(server, copy), original, f"what was imported from {form} {more}")
            run_ok(server, "journal", "rm", copy, "--yes")


@case("an export of entries is a message Entries that protoc reads; jsonl is a JSON object a line")
def others_read_it(environment):
    server = filled(environment, 100)
    data = run_ok(server, "export", "orders")
    entries = entry_pb.Entries.FromString(data)
    payloads = [t.payload for e in entries.entries for t in e.transactions]
    expect_equal(payloads[:100], lines(1, 100).splitlines(), "payloads as protobuf reads them")
    (one,) = run_ok(server, "export", "orders", "--format", "jsonl", "--from", "102", "--until", "102").splitlines()
    seen = json.loads(one)
    golden = ('{"lsn":"102","index":"%s","generation":1,"epoch":1,"logTime":"%s","transaction":{"payload":'
              '"cGF5bG9hZCAxMDI=","type":"a.Type","key":"ZXZlbg==","id":"dC0xMDI=","clientTimeNs":"102",'
              '"headers":[{"name":"n","value":"MTAy"}]}}' % (seen["index"], seen["logTime"]))
    expect_equal(one.decode(), golden, "a line of jsonl")


@case("import of segment files of another cluster, and of a pipe; --resume skips what is there")
def segments(environment):
    server = filled(environment, 30000)
    run_ok(server, "checkpoint", "orders")
    files = server.segment_files()
    expect(len(files) > 2, f"several segments: {files}")
    target = environment.serving()
    run_ok(target, "journal", "create", "rescued", *SMALL)
    done = target.cli("import", "rescued", *files, "--producer", "p", "--resume")
    expect_equal(done.returncode, 0, f"exit code ({done.stderr})")
    expect_equal(metadata(target, "rescued"), metadata(server, "orders"), "what was rescued")
    done = target.cli("-o", "json", "import", "rescued", *files, "--producer", "p", "--resume")
    seen = json.loads(done.stdout)
    expect_equal((seen["count"], seen["skipped"]), ("0", "30500"), "the second import")
    said = run_refused(target, 9, [os.path.basename(files[2]), "must follow", "nothing was imported"], "import",
                       "rescued", files[0], files[2])
    expect("byte " in said, said)
    run_ok(target, "journal", "create", "piped", *SMALL)
    run_ok(target, "import", "piped", stdin=run_ok(server, "export", "orders", "--zstd"))
    expect_equal(metadata(target, "piped"), metadata(server, "orders"), "what came through a pipe")


@case("damaged, cut and foreign imports are refused with file and byte, and nothing of them is appended")
def damage(environment):
    server = filled(environment, 2000)
    run_ok(server, "journal", "create", "copy", *SMALL)
    path = in_folder(server, "export")

    def refused(*parts, form="auto"):
        run_refused(server, 9, [path, "byte ", "nothing was imported", *parts], "import", "copy", path, "--format", form)
        expect_equal(run_ok(server, "cat", "copy"), b"", "the journal after a refused import")
    for form in FORMATS:
        run_ok(server, "export", "orders", "--format", form, "--output", path)
        size = os.path.getsize(path)
        os.truncate(path, size - 7)
        refused(form=form)
        run_ok(server, "export", "orders", "--format", form, "--zstd", "--output", path)
        os.truncate(path, os.path.getsize(path) - 7)
        refused("cut off", form=form)
        run_ok(server, "export", "orders", "--format", form, "--zstd", "--output", path)
        flip(path, os.path.getsize(path) // 2)
        refused("decompressed", form=form)
    run_ok(server, "export", "orders", "--output", path)
    for share in (3, 5, 9):
        flip(path, os.path.getsize(path) // share)
        refused("damaged")
        flip(path, os.path.getsize(path) // share)
    run_ok(server, "import", "copy", path)
    run_ok(server, "journal", "rm", "copy", "--yes")
    run_ok(server, "journal", "create", "copy", *SMALL)
    for foreign in (b"Dear Sir or Madam", b"\x00" * 100, b"\x7fELF\x02\x01\x01", b"\x12\x05hello"):
        with open(path, "wb") as file:
            file.write(foreign)
        run_refused(server, 9, [path, "byte 0"], "import", "copy", path)
    with open(path, "wb") as file:
        file.write(b'{"lsn":"1","transaction":{"payload":"eA=="}}\n{"lsn":"2"}\n')
    refused("holds no transaction")
    with open(path, "wb") as file:
        file.write(b'{"lsn":"1","transaction":{"payload":"eA=="}}\n{"lsn":"2","colour":1}\n')
    refused("line 2 is no ExportedTransaction", "colour")
    run_refused(server, 1, ["cannot open", "no-such-file"], "import", "copy", "no-such-file")


@case("export: a full disk leaves nothing behind, a closed pipe ends it quietly")
def export_ends(environment):
    server = filled(environment, 20000)
    path = in_folder(server, "limited")
    command = "ulimit -f 64; trap '' XFSZ; exec " + " ".join(
        f"'{word}'" for word in server.client_command("export", "orders", "--output", path))
    done = subprocess.run(["bash", "-c", command], capture_output=True, timeout=60, check=False)
    expect_equal(done.returncode, 1, f"exit code under a file size limit ({done.stderr})")
    expect_in(["File too large", "No incomplete export", "run it again"], done.stderr.decode(), "message")
    expect_equal([name for name in os.listdir(server.data_dir) if "limited" in name], [], "what is left")
    run_refused(server, 1, ["cannot open", "check the space"], "export", "orders", "--output", "/nonexistent/x")
    export = subprocess.Popen(server.client_command("export", "orders"), stdout=subprocess.PIPE, stderr=subprocess.PIPE)
    export.stdout.close()
    expect_equal((export.wait(30), export.stderr.read()), (141, b""), "exit code and words after the pipe closed")
    export.stderr.close()


@case("inspect: what segments hold, their headers, a gap and damage, offline")
def inspect(environment):
    server = filled(environment, 20000)
    run_ok(server, "checkpoint", "orders")
    server.stop()
    files = server.segment_files()
    seen = json.loads(run_ok(server, "-o", "json", "inspect", os.path.join(server.data_dir, "journals")))
    expect_equal((seen["gaps"], seen["segments"][0]["firstIndex"], seen["segments"][-1]["endLsn"]),
                 ([], "1", "20501"), "what they hold")
    expect_equal(sum(int(one["transactions"]) for one in seen["segments"]), 20500, "transactions")
    text = run_ok(server, "inspect", "--headers", files[0]).decode()
    expect_in(["entry 1  LSN before 1  EPOCH_START", "TRANSACTIONS", "chain "], text, "headers")
    expect_equal(text.count("     entry "), int(seen["segments"][0]["entries"]), "a line for each entry")
    os.unlink(files[1])
    run_refused(server, 9, [], "inspect", os.path.join(server.data_dir, "journals"))
    gap = json.loads(server.cli("-o", "json", "inspect", *files[:1], *files[2:]).stdout)["gaps"]
    expect_equal([(one["firstIndex"], one["endIndex"]) for one in gap],
                 [(seen["segments"][1]["firstIndex"], seen["segments"][1]["endIndex"])], "the gap")
    os.mkdir(in_folder(server, "empty"))
    run_refused(server, 1, ["found no segment"], "inspect", in_folder(server, "empty"))
