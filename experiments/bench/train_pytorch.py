#!/usr/bin/env python3
"""Times ordinary PyTorch training, the yardstick for bench_training.

The usual eager loop, with nothing that favours either side. Images of MNIST lie in memory as float32, a
permutation per epoch, batches of 128, SGD with momentum on the cross-entropy. A decoder (gpt) reads
sequences as long as those of the biographies, drawn at random, as many, in batches of 320, by AdamW with
LibTorch's fused attention; --compile hands the model to torch.compile first. Prints one JSON object.
"""

import argparse
import gzip
import json
import pathlib
import time

import torch
from torch import nn

BATCH_SIZE = 128
SENTENCES, CONTEXT, WORDS = 7500, 9, 366  # of the biographies without filler
WIDTH, LAYERS, HEADS = 64, 2, 4


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


class Block(nn.Module):
    def __init__(self):
        super().__init__()
        self.ln_1, self.ln_2 = nn.LayerNorm(WIDTH), nn.LayerNorm(WIDTH)
        self.c_attn, self.c_proj = nn.Linear(WIDTH, 3 * WIDTH), nn.Linear(WIDTH, WIDTH)
        self.mlp = nn.Sequential(nn.Linear(WIDTH, 4 * WIDTH), nn.GELU(), nn.Linear(4 * WIDTH, WIDTH))

    def forward(self, x):
        b, t, _ = x.shape
        q, k, v = self.c_attn(self.ln_1(x)).view(b, t, 3, HEADS, -1).permute(2, 0, 3, 1, 4)
        mixed = nn.functional.scaled_dot_product_attention(q, k, v, is_causal=True)
        x = x + self.c_proj(mixed.transpose(1, 2).reshape(b, t, WIDTH))
        return x + self.mlp(self.ln_2(x))


class Gpt(nn.Module):
    def __init__(self):
        super().__init__()
        self.wte, self.wpe = nn.Embedding(WORDS, WIDTH), nn.Embedding(CONTEXT, WIDTH)
        self.blocks = nn.Sequential(*[Block() for _ in range(LAYERS)])
        self.ln_f = nn.LayerNorm(WIDTH)

    def forward(self, tokens):
        x = self.wte(tokens) + self.wpe(torch.arange(tokens.shape[1]))
        return self.ln_f(self.blocks(x)) @ self.wte.weight.T


def train_language_epoch(model, optimizer, tokens, targets):
    loss_function = nn.CrossEntropyLoss()
    for batch in torch.randperm(len(tokens)).split(320):
        optimizer.zero_grad()
        loss_function(model(tokens[batch]).flatten(0, 1), targets[batch].flatten()).backward()
        optimizer.step()


def random_sentences():
    return torch.randint(WORDS, (SENTENCES, CONTEXT + 1))


def time_language(arguments):
    tokens = random_sentences()
    model = Gpt()
    optimizer = torch.optim.AdamW(model.parameters(), lr=3e-3, weight_decay=0.01)
    run = torch.compile(model) if arguments.compile else model
    if arguments.compile:  # what compiling takes is not counted
        train_language_epoch(run, optimizer, tokens[:, :-1], tokens[:, 1:])
    seconds, processor = [], []
    for _ in range(arguments.epochs):
        start, start_processor = time.perf_counter(), time.process_time()
        train_language_epoch(run, optimizer, tokens[:, :-1], tokens[:, 1:])
        seconds.append(time.perf_counter() - start)
        processor.append(time.process_time() - start_processor)
    return {
        "model": "gpt",
        "threads": arguments.threads,
        "seconds_per_epoch": seconds,
        "processor_seconds_per_epoch": processor,
    }


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
    parser.add_argument("--model", choices=["mlp", "lenet5", "gpt"], default="mlp")
    parser.add_argument("--epochs", type=int, default=3)
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--compile", action="store_true", help="of gpt, by torch.compile")
    arguments = parser.parse_args()

    torch.set_num_threads(arguments.threads)
    torch.manual_seed(0)
    if arguments.model == "gpt":
        print(json.dumps(time_language(arguments)))
        return
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
