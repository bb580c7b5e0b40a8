"""What is done to engines and journal nodes while they work."""

from checks import expect, wait_until

FAULTS = {
    "engine": "the engine that writes is killed",
    "node": "a journal's leader is killed",
    "both": "the engine and a journal's leader are killed at once",
    "freeze": "the engine that writes is frozen, replaced, and wakes up",
    "freeze-both": "the engine is frozen while a journal's leader is killed, replaced, and wakes up",
    "freeze-standby": "a standby is frozen, loses its connection, sleeps until what it has not read is trimmed, and has to take over",
}
TAKEOVER_S = 30
# How long a frozen engine sleeps on behind its replacement: mostly shortly, and sometimes until servers have given its sessions up.
ASLEEP_S, ASLEEP_MAX_S = 0.3, 4.0
# Until two checkpoints are saved behind a frozen standby.
ASLEEP_TRIMMED_S = 60


class Faults:
    """Does them to the engines of one journal at a time. `random` decides what is not said."""

    def __init__(self, cluster, random, sleep):
        self.cluster = cluster
        self.random = random
        self.sleep = sleep
        self.done = dict.fromkeys(FAULTS, 0)
        self.racing = 0.5  # of the killed engines: started again at once, they race the standby; the others wait for it

    def inject(self, engines, journal, what):
        """Everybody who was killed is started again when it returns."""
        wait_until("an engine writes, or the work is done", lambda: all_done(engines) or any(e.is_primary() for e in engines),
                   TAKEOVER_S)
        node = self.node_to_kill(journal) if what in ("node", "both", "freeze-both") else None
        if what == "freeze-standby":
            injected = self.freeze_standby(engines, journal)
        elif what.startswith("freeze"):
            injected = self.freeze_writer(engines, node)
        else:
            injected = self.kill(engines, node, what != "node")
        self.done[what] += injected
        if injected and node is not None:
            start(node)
            self.wait_in_sync(journal)

    def node_to_kill(self, journal):
        """Once the others can do without it.

        One node at a time is down: what all of them losing their processes at once may lose, another test asks."""
        self.wait_in_sync(journal)
        leader = self.cluster.leader(f"{self.random.choice(('orders', 'trades'))}-{journal}")
        return leader if leader is not None else self.random.choice(self.cluster.nodes)

    def wait_in_sync(self, journal):
        for name in self.journals(journal):
            self.cluster.wait_in_sync(name, 3)

    def journals(self, journal):
        """Those that there are, of the engines of `journal`."""
        names = (f"orders-{journal}", f"trades-{journal}", f"orders-{journal}.checkpoints")
        return [name for name in names if self.cluster.info(name) is not None]

    def kill(self, engines, node, engine_too):
        """False: nobody wrote any more."""
        engine = next((e for e in engines if e.is_primary()), None)
        if engine is None:
            return False
        if engine_too:
            engine.kill()
        if node is not None:
            node.kill()
        if not engine_too:
            return True
        killed = engine.was_killed()
        if self.random.random() >= self.racing:
            wait_replaced(engine, engines)
        engine.start()
        return killed

    def freeze_writer(self, engines, node):
        """False: the work was done before there were a writer and a standby."""
        pair = wait_writer_and_standby(engines)
        if pair is True:
            return False
        writer, _ = pair
        writer.freeze()
        if node is not None:
            node.kill()
        wait_replaced(writer, engines)
        self.sleep(min(self.random.expovariate(1 / ASLEEP_S), ASLEEP_MAX_S))
        # The one that wakes up finds its leader's address deaf, or a new process there.
        if node is not None and self.random.random() < 0.5:
            start(node)
        wake_fenced(writer)
        return True

    def freeze_standby(self, engines, journal):
        """False: the work was done before the journal was trimmed so far, or before the standby could take over."""
        pair = wait_writer_and_standby(engines)
        if pair is True:
            return False
        _, standby = pair
        standby.freeze()
        # What was sent to it waits in its socket's buffer, and is read when it wakes up: no more may come.
        start_again(self.cluster.wait_leader(f"orders-{journal}"))
        held = self.watermark(journal, "committed")
        # The older of two checkpoints that are kept is behind that.
        wait_until("the journal is trimmed behind the frozen standby, or the work is done",
                   lambda: all_done(engines) or self.watermark(journal, "oldest") > held, ASLEEP_TRIMMED_S)
        trimmed = self.watermark(journal, "oldest") > held
        standby.thaw()
        pair = wait_writer_and_standby(engines)
        if pair is True or all_done(engines):
            return False
        writer, other = pair
        writer.kill()
        killed = writer.was_killed()
        wait_replaced(writer, engines)
        expect(other.is_primary() or other.said("done", 0), f"{other.name} has slept, and can take over:\n{other.told()}")
        writer.start()
        self.wait_in_sync(journal)
        return killed and trimmed

    def watermark(self, journal, name):
        info = self.cluster.info(f"orders-{journal}")
        return int(info["watermarks"][name]["lsn"]) if info is not None else 0


def start(node):
    """Unless it runs."""
    if node.process.poll() is not None:
        node.start()


def start_again(node):
    node.kill()
    node.start()


def wait_replaced(writer, engines):
    """Another one writes, or had nothing left to write; who ended for another reason is found at the round's end."""
    other = next(e for e in engines if e is not writer)
    wait_until(f"{other.name} takes over from {writer.name}", lambda: other.is_primary() or not other.running(), TAKEOVER_S)


def writer_and_standby(engines):
    writer = next((e for e in engines if e.is_primary()), None)
    standby = next((e for e in engines if e is not writer and e.stands_by()), None)
    return (writer, standby) if writer and standby else None


def all_done(engines):
    return any(e.all_done() for e in engines)


def wait_writer_and_standby(engines):
    """Both; True: the work is done."""
    return wait_until("one engine writes and one stands by, or the work is done",
                      lambda: all_done(engines) or writer_and_standby(engines), TAKEOVER_S)


def wake_fenced(writer):
    """It says that it was replaced, and by whom, and goes on as a standby; or all was done already when it fell asleep."""
    known = writer.thaw()
    said = wait_until(f"{writer.name} wakes up and says what it finds",
                      lambda: writer.said("fenced", known) or writer.said("done", 0) or not writer.running(), TAKEOVER_S)
    if said is True:
        writer.wait_end(TAKEOVER_S)  # its last words
        said = writer.said("done", 0) or "nothing"
    expect(said.startswith(("done", f"fenced {writer.name}: ")),
           f"{writer.name} was replaced while it was frozen and says {said}:\n{writer.told()}")
    if said.startswith("fenced"):
        wait_until(f"{writer.name} stands by", lambda: writer.said("standby", known), TAKEOVER_S)
