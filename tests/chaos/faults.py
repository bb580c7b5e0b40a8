"""What is done to a cluster while clients append. Each takes the world and a random.Random, and says what it did.

Whoever calls heals afterwards: starts what does not run and ends every cut.
"""

import os
import shutil
import signal

from checks import Failed
from world import JOURNAL, sleep

FAULTS = {}


def fault(name, losses=0, netns=False, root=False):
    """`losses`: how many reports of a loss the truth table allows for it. `netns`, `root`: what it needs."""
    def register(function):
        function.losses = losses
        function.netns = netns
        function.root = root
        FAULTS[name] = function
        return function
    return register


def seconds(rng, least, most):
    """Short ones more often than long ones: 200 rounds of each fault are to be over in an hour."""
    return least + (most - least) * rng.random() ** 2


def victim(world, rng):
    """The leader more often than not."""
    leader = world.leader(JOURNAL)
    if leader is None or rng.random() < 0.4:
        return rng.choice(world.nodes)
    return leader


def role(world, node):
    return f"{node.name} ({'leader' if world.leader(JOURNAL) is node else 'backup'})"


@fault("kill")
def kill(world, rng):
    node = victim(world, rng)
    what = role(world, node)
    away = rng.choice([0, rng.uniform(0, 1)])
    world.kill(node)
    sleep(away)
    world.start_again(node)
    return f"killed {what}, ring kept, away {away:.2f} s"


@fault("lose")
def lose(world, rng):
    """The machine is lost: no memory, and often no disk either."""
    node = victim(world, rng)
    what = role(world, node)
    disk_too = rng.random() < 0.4
    away = rng.uniform(0, 1)
    world.kill(node)
    node.lose_memory()
    if disk_too:
        shutil.rmtree(os.path.join(node.data_dir, "journals"))
    sleep(away)
    world.start_again(node)
    return f"killed {what}, ring deleted{', disk emptied' if disk_too else ''}, away {away:.2f} s"


@fault("pause")
def pause(world, rng):
    node = victim(world, rng)
    what = role(world, node)
    length = seconds(rng, 0.1, 2)
    node.process.send_signal(signal.SIGSTOP)
    sleep(length)
    node.process.send_signal(signal.SIGCONT)
    return f"paused {what} for {length:.2f} s"


def cut_off(world, node, kind, way="both"):
    """`kind`: peers only, or the whole machine with its clients and its etcd, or the way to etcd."""
    others = [n.name for n in world.nodes if n is not node]
    others = {"peers": others, "machine": ["*"], "etcd": ["etcd"], "clients": ["clients"]}[kind]
    for other in others:
        if way in ("both", "out"):
            world.network.say(f"cut {node.name} {other}")
        if way in ("both", "in"):
            world.network.say(f"cut {other} {node.name}")


@fault("cut")
def cut(world, rng):
    node = victim(world, rng)
    what = role(world, node)
    kind = rng.choice(["peers", "machine", "machine", "clients", "etcd"])
    length = seconds(rng, 0.1, 3)
    cut_off(world, node, kind)
    sleep(length)
    world.network.say("heal")
    return f"cut off {what} ({kind}) for {length:.2f} s"


@fault("oneway")
def one_way(world, rng):
    node = victim(world, rng)
    what = role(world, node)
    kind = rng.choice(["peers", "machine"])
    way = rng.choice(["in", "out"])
    length = seconds(rng, 0.1, 3)
    cut_off(world, node, kind, way)
    sleep(length)
    world.network.say("heal")
    return f"cut {what} one way ({kind}, what goes {way}) for {length:.2f} s"


@fault("flap")
def flap(world, rng):
    node = victim(world, rng)
    what = role(world, node)
    kind = rng.choice(["peers", "machine"])
    times = rng.randint(3, 8)
    for _ in range(times):
        cut_off(world, node, kind)
        sleep(seconds(rng, 0.02, 0.4))
        world.network.say("heal")
        sleep(seconds(rng, 0.02, 0.4))
    return f"cut off {what} ({kind}) {times} times"


@fault("vanish")
def vanish(world, rng):
    """The machine loses its power: nobody is told, by no end of a connection and no refusal."""
    node = victim(world, rng)
    what = role(world, node)
    away = seconds(rng, 0.1, 2)
    cut_off(world, node, "machine")
    node.kill()
    node.lose_memory()
    sleep(away)
    world.network.say("heal")
    world.start_again(node)
    return f"{what} lost its power, back after {away:.2f} s"


@fault("drop", netns=True)
def drop(world, rng):
    """Packets are lost at random."""
    node = victim(world, rng)
    what = role(world, node)
    percent = rng.choice([1, 5, 20, 40])
    length = seconds(rng, 0.5, 3)
    for a, b in ((node.name, "*"), ("*", node.name)):
        world.network.say(f"drop {a} {b} {percent}")
    sleep(length)
    world.network.say("heal")
    return f"{percent} % of the packets to and from {what} were lost for {length:.2f} s"


@fault("slow")
def slow(world, rng):
    node = victim(world, rng)
    what = role(world, node)
    delay = rng.randint(1, 60) if world.network.delays else 0
    rate = rng.choice([0, 20_000, 200_000] if delay else [20_000, 200_000, 2_000_000])
    length = seconds(rng, 0.5, 3)
    for a, b in ((node.name, "*"), ("*", node.name)):
        if delay:
            world.network.say(f"delay {a} {b} {delay}")
        if rate:
            world.network.say(f"rate {a} {b} {rate}")
    sleep(length)
    world.network.say("heal")
    return f"slowed {what}: {delay} ms, {rate or 'no limit of'} bytes/s, for {length:.2f} s"


@fault("killall")
def kill_all(world, rng):
    order = rng.sample(world.nodes, len(world.nodes))
    for node in order:
        world.kill(node)
    for node in rng.sample(world.nodes, len(world.nodes)):
        world.start_again(node)
        sleep(rng.choice([0, rng.uniform(0, 0.3)]))
    return f"killed all in the order {' '.join(n.name for n in order)}, rings kept"


@fault("loseall", losses=1)
def lose_all(world, rng):
    """The power fails: all memory is gone, the disks hold what had been written."""
    for node in world.nodes:
        node.process.send_signal(signal.SIGSTOP)  # at one moment
    for node in world.nodes:
        world.kill(node)
        node.lose_memory()
    for node in rng.sample(world.nodes, len(world.nodes)):
        world.start_again(node)
    return "killed all at one moment, rings deleted"


@fault("etcd-kill")
def etcd_kill(world, rng):
    length = seconds(rng, 0.2, 2)
    also = rng.random() < 0.5
    member = world.etcd.members[0]
    member.kill()
    sleep(length / 2)
    text = ""
    if also:
        node = victim(world, rng)
        text = f", and {node.name} meanwhile"
        world.kill(node)
    sleep(length / 2)
    world.etcd.restart(member)
    return f"killed etcd for {length:.2f} s{text}"


@fault("etcd-pause")
def etcd_pause(world, rng):
    length = seconds(rng, 0.2, 3)
    process = world.etcd.members[0].process
    process.send_signal(signal.SIGSTOP)
    sleep(length)
    process.send_signal(signal.SIGCONT)
    return f"paused etcd for {length:.2f} s"


@fault("double")
def double_start(world, rng):
    """A second process with a node's name: the first must stop, with exit code 5."""
    node = victim(world, rng)
    what = role(world, node)
    with node.twin() as second:
        second.start()
        code = node.process.wait(30)
        if code != 5:
            raise Failed(f"{node.name} ended with code {code} as a second one was started")
        second.kill()
    world.network.say(f"down {node.name}")
    world.start_again(node)
    return f"started a second {what}"
