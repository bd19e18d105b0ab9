#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-or-later
# Damaged copies of a program through -L: none may crash stap or keep it for more than 5 s.
#   tests/stress/flipped_elf.py STAP PROGRAM [COPIES=1000 [SEED=1]]
# What made it fail stays in the current folder.
import os, random, subprocess, sys, tempfile, time

stap, program = os.path.abspath(sys.argv[1]), sys.argv[2]
copies = int(sys.argv[3]) if len(sys.argv) > 3 else 1000
seed = int(sys.argv[4]) if len(sys.argv) > 4 else 1
random.seed(seed)
whole = open(program, 'rb').read()
asks = ['function("*")', 'statement("*@*:*")', 'mark("*")', 'function("*").return', 'plt("*")',
        'function("*").callees']
bad, slowest = 0, 0.0
os.environ.setdefault('ASAN_OPTIONS', 'detect_leaks=0')
with tempfile.TemporaryDirectory() as folder:
    for i in range(copies):
        data = bytearray(whole)
        for _ in range(random.choice([1, 8, 64, 256])):
            data[random.randrange(len(data))] = random.randrange(256)
        if i % 10 == 9:
            data = data[:random.randrange(len(data))]
        path = os.path.join(folder, 'damaged')
        with open(path, 'wb') as f:
            f.write(data)
        os.chmod(path, 0o755)
        ask = f'process("{path}").{asks[i % len(asks)]}'
        start = time.time()
        try:
            done = subprocess.run([stap, '-L', ask], capture_output=True, timeout=30)
            status, text = done.returncode, done.stderr[-400:].decode(errors='replace')
        except subprocess.TimeoutExpired:
            status, text = 'no end', ''
        took = time.time() - start
        slowest = max(slowest, took)
        if status not in (0, 1) or took > 5:
            bad += 1
            name = f'damaged-{os.path.basename(program)}-{seed}-{i}'
            with open(name, 'wb') as f:
                f.write(data)
            print(f'{name}: {ask}: status {status}, {took:.1f} s\n{text}')
print(f'{copies} copies of {program}, {bad} bad, the slowest took {slowest:.2f} s')
sys.exit(bad != 0)
