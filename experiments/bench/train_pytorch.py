#!/usr/bin/env python3
"""Times ordinary PyTorch training on MNIST, the yardstick for bench_training.

The usual eager loop, with nothing that favours either side: the images lie in memory as float32, a
permutation per epoch, batches of 128, SGD with momentum on the cross-entropy. Prints one JSON object.
"""

import argparse
import gzip
import json
import pathlib
import time

import torch
from torch import nn

BATCH_SIZE = 128


def read_idx(path):
    """An IDX file of bytes, compressed or not, as a uint8 tensor."""
    if not path.exists():
        path = path.with_suffix("")
    with (gzip.open if path.suffix == ".gz" else open)(path, "rb") as file:
        content = file.read()
    dimensions = content[3]
    shape = [int.from_bytes(content[4 + 4 * i : 8 + 4 * i], "big") for i in range(dimensions)]
    return torch.frombuffer(bytearray(content[4 + 4 * dimensions :]), dtype=torch.uint8).view(shape)


def load(folder, part):
    if (folder / "mnist").is_dir():  # a folder of data sets, as `oubli --data` takes it
        folder = folder / "mnist"
    images = read_idx(folder / f"{part}-images-idx3-ubyte.gz")
    labels = read_idx(folder / f"{part}-labels-idx1-ubyte.gz")
    return images.unsqueeze(1).float() / 255, labels.long()


def build(model):
    if model == "mlp":
        return nn.Sequential(
            nn.Flatten(),
            nn.Linear(784, 256),
            nn.ReLU(),
            nn.Linear(256, 128),
            nn.ReLU(),
            nn.Linear(128, 10),
        )
    return nn.Sequential(
        nn.Conv2d(1, 6, 5, padding=2),
        nn.ReLU(),
        nn.MaxPool2d(2),
        nn.Conv2d(6, 16, 5),
        nn.ReLU(),
        nn.MaxPool2d(2),
        nn.Flatten(),
        nn.Linear(400, 120),
        nn.ReLU(),
        nn.Linear(120, 84),
        nn.ReLU(),
        nn.Linear(84, 10),
    )


def train_epoch(model, optimizer, images, labels):
    loss_function = nn.CrossEntropyLoss()
    for batch in torch.randperm(len(images)).split(BATCH_SIZE):
        optimizer.zero_grad()
        loss_function(model(images[batch]), labels[batch]).backward()
        optimizer.step()


def accuracy(model, images, labels):
    with torch.no_grad():
        return (model(images).argmax(1) == labels).float().mean().item()


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--data", type=pathlib.Path, required=True, help="folder of data sets, or of MNIST's IDX files")
    parser.add_argument("--model", choices=["mlp", "lenet5"], default="mlp")
    parser.add_argument("--epochs", type=int, default=3)
    parser.add_argument("--threads", type=int, default=2)
    arguments = parser.parse_args()

    torch.set_num_threads(arguments.threads)
    torch.manual_seed(0)
    images, labels = load(arguments.data, "train")
    model = build(arguments.model)
    optimizer = torch.optim.SGD(model.parameters(), lr=0.05, momentum=0.9)
    seconds, processor = [], []
    for _ in range(arguments.epochs):
        start, start_processor = time.perf_counter(), time.process_time()
        train_epoch(model, optimizer, images, labels)
        seconds.append(time.perf_counter() - start)
        processor.append(time.process_time() - start_processor)
    result = {
        "model": arguments.model,
        "threads": arguments.threads,
        "seconds_per_epoch": seconds,
        "processor_seconds_per_epoch": processor,
        "test_accuracy": accuracy(model, *load(arguments.data, "t10k")),
    }
    print(json.dumps(result))


if __name__ == "__main__":
    main()
