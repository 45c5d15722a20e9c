#!/usr/bin/env python3
"""Learning rates of PyTorch's schedulers, over a rate of 1: schedules.json.

usage: make_schedules.py        (needs torch; written with 2.13)
"""
import json
import pathlib
import warnings

import torch

warnings.filterwarnings("ignore")


def rates(make, steps):
    optimizer = torch.optim.SGD([torch.zeros(1, requires_grad=True)], lr=1.0)
    scheduler = make(optimizer)
    found = []
    for _ in range(steps):
        found.append(optimizer.param_groups[0]["lr"])
        optimizer.step()
        scheduler.step() if len(found) < steps else None
    return found


def main():
    cases = []
    for steps in (1, 2, 3, 7, 40, 333):
        for warm_up, start, end in ((0.3, 25.0, 1e4), (0.25, 10.0, 100.0), (0.0, 4.0, 2.0)):
            settings = {"name": "one_cycle", "warm_up": warm_up, "start_divisor": start,
                        "end_divisor": end}
            cases.append({"settings": settings, "steps": steps, "rates": rates(
                lambda o: torch.optim.lr_scheduler.OneCycleLR(
                    o, max_lr=1.0, total_steps=steps, pct_start=warm_up, div_factor=start,
                    final_div_factor=end, cycle_momentum=False), steps)})
        cases.append({"settings": {"name": "cosine"}, "steps": steps, "rates": rates(
            lambda o: torch.optim.lr_scheduler.CosineAnnealingLR(o, T_max=steps), steps)})
        cases.append({"settings": {"name": "step", "every": 3, "factor": 0.2}, "steps": steps,
                      "rates": rates(
                          lambda o: torch.optim.lr_scheduler.StepLR(o, step_size=3, gamma=0.2),
                          steps)})
        cases.append({"settings": {"name": "multi_step", "milestones": [2, 5, 6], "factor": 0.5},
                      "steps": steps, "rates": rates(
                          lambda o: torch.optim.lr_scheduler.MultiStepLR(
                              o, milestones=[2, 5, 6], gamma=0.5), steps)})
    path = pathlib.Path(__file__).with_name("schedules.json")
    path.write_text("[\n" + ",\n".join(json.dumps(case) for case in cases) + "\n]\n")


if __name__ == "__main__":
    main()
