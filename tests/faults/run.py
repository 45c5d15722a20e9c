#!/usr/bin/env python3
"""The fault suite: does to `oubli` what befalls programs, and counts what comes of it.

    python3 tests/faults/run.py --program build/release/experiments/oubli

It kills schedulers and workers, damages what the store holds, lets several runs share a store,
takes space, rights and streams away and moves clocks. After each fault the same experiment is run
again without one. Of every scenario it prints

    events    how many faults there were
    lost      stages that were finished and are gone, and runs that cannot be completed
    wrong     results or entries that are not those of an undisturbed run
    twice     stages that were done again although nothing had befallen them
    failures  everything else that should not be: hangs, crashes, processes that live on, files
              that are left behind, an exit status of 0 where not all was written

and its exit status is 1 unless the last four are 0. Scenarios that need what this machine or user
does not have (root, namespaces, a compiler) are named and counted apart. WORK/log.txt has it all.
"""

import argparse
import atexit
import collections
import pathlib
import shutil
import signal
import sys
import tempfile
import time

import clocks
import damage
import harness
import kills
import resources
import sharing
import shim

# Name, events at scale 1, what does it, and what says why it is not possible here.
SCENARIOS = [
    ("undisturbed", 2, harness.undisturbed, None),
    ("kill-schedulers", 140, kills.kill_schedulers, None),
    ("kill-workers", 70, kills.kill_workers, None),
    ("kill-streams", 20, kills.kill_streams, None),
    ("kill-collectors", 20, kills.kill_collectors, None),
    ("kill-writing", 200, kills.kill_writing, None),
    ("kill-two-steps", 40, kills.kill_writing_in_two_steps, shim.no_compiler),
    ("damage-before", 140, damage.damage_before, None),
    ("damage-types", 10, damage.damage_types, None),
    ("damage-during", 70, damage.damage_during, None),
    ("share-store", 45, sharing.share_store, None),
    ("share-namespaces", 30, sharing.share_across_namespaces, sharing.no_namespaces),
    ("share-with-killed", 20, sharing.share_with_killed, None),
    ("share-output", 60, sharing.share_output, None),
    ("gc-during", 40, sharing.collect_during, None),
    ("full-disk", 40, resources.full_disk, resources.no_mounts),
    ("no-inodes", 40, resources.no_inodes, resources.no_mounts),
    ("read-only", 20, resources.read_only, resources.no_mounts),
    ("no-permission", 60, resources.no_permission, resources.no_second_user),
    ("no-locks", 4, resources.no_locks, shim.no_compiler),
    ("limits", 40, resources.limits, None),
    ("failing-calls", 100, resources.failing_calls, shim.no_compiler),
    ("streams", 70, resources.streams, None),
    ("removed-folders", 40, resources.removed_folders, None),
    ("nothing-to-show", 12, resources.nothing_to_show, None),
    ("clock-steps", 16, clocks.step_wall_clock, shim.no_compiler),
    ("clock-monotonic", 16, clocks.shift_monotonic_clock, clocks.no_time_namespaces),
    ("clock-dates", 10, clocks.change_dates, None),
]
KINDS = ("lost", "wrong", "twice", "failures")
MOST_TOLD = 6


def main():
    arguments = read_arguments()
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(1))  # with all that is to be tidied up
    atexit.register(harness.Process.end_all)
    work = pathlib.Path(arguments.work or tempfile.mkdtemp(prefix="oubli-faults-")).resolve()
    work.mkdir(parents=True, exist_ok=True)
    began = time.monotonic()
    suite = harness.Suite(pathlib.Path(arguments.program).resolve(), work, arguments.seed)
    total, impossible = collections.Counter(), 0
    print(f"{'scenario':<20} {'events':>7} {'lost':>6} {'wrong':>6} {'twice':>6} {'failures':>9} "
          f"{'seconds':>8}")
    for name, count, function, obstacle in SCENARIOS:
        if arguments.only and name not in arguments.only:
            continue
        reason = obstacle(suite) if obstacle else ""
        if reason:
            impossible += 1
            print(f"{name:<20} not possible here: {reason}", flush=True)
            continue
        scene = harness.Scene(suite, name, max(1, round(count * arguments.scale)))
        started = time.monotonic()
        function(scene)
        counts = {"events": scene.events, **{kind: len(scene.told[kind]) for kind in KINDS}}
        total.update(counts)
        print(line_of(name, counts, time.monotonic() - started), flush=True)
        for kind in KINDS:
            for text in scene.told[kind][:MOST_TOLD]:
                print(f"    {kind}: {text}")
            if len(scene.told[kind]) > MOST_TOLD:
                print(f"    {kind}: and {len(scene.told[kind]) - MOST_TOLD} more, in the log")
        if scene.notes:
            print("    " + ", ".join(f"{what}: {n}" for what, n in sorted(scene.notes.items())),
                  flush=True)
        if not any(scene.told.values()):
            shutil.rmtree(scene.folder)
    print(line_of("total", total, time.monotonic() - began))
    if impossible:
        print(f"{impossible} scenarios were not possible here")
    failed = any(total[kind] for kind in KINDS)
    print(f"work and log: {work}")
    return 1 if failed or total["events"] == 0 else 0


def line_of(name, counts, seconds):
    return (f"{name:<20} {counts['events']:>7} {counts['lost']:>6} {counts['wrong']:>6} "
            f"{counts['twice']:>6} {counts['failures']:>9} {seconds:>8.0f}")


def read_arguments():
    parser = argparse.ArgumentParser(description=__doc__,
                                     formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--program", required=True, help="the oubli to test")
    parser.add_argument("--scale", type=float, default=1.0, help="times as many events (default 1)")
    parser.add_argument("--seed", type=int, default=1, help="of the random moments")
    parser.add_argument("--only", nargs="+", metavar="NAME", help="scenarios to run",
                        choices=[name for name, *_ in SCENARIOS])
    parser.add_argument("--work", help="folder to work in (default: a new one in /tmp)")
    return parser.parse_args()


if __name__ == "__main__":
    sys.exit(main())
