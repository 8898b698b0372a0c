#!/usr/bin/env bash
# The whole path on one GPU in under 10 minutes, and how much of the engine the search uses.
#
#   bash benchmarks/gpu.sh [KEY=VALUE ...]        # settings override configs/chat-gpu.yaml
#
# Search of 64 problems with Qwen2.5-Coder-0.5B-Instruct, traces, LoRA SFT of both arms, evaluation with controls, report;
# then benchmarks/saturation.py on the same problems at 512 sequences: tokens a second of the search over those of vLLM
# itself. Writes runs/chat-gpu and runs/chat-gpu-saturation.json. If stopped, the same command resumes the run.
# PYTHON (default python) is the interpreter where ASTRO is installed with the extras vllm and train.
set -euo pipefail
cd "$(dirname "$0")/.."
python="${PYTHON:-python}"
out="${ASTRO_GPU_RUNS:-runs}"
"$python" -m astro run configs/chat-gpu.yaml "output.folder=$out" "$@"
mkdir -p "$out"
"$python" benchmarks/saturation.py configs/chat-gpu.yaml "$@" --problems "${ASTRO_GPU_PROBLEMS:-64}" --rounds 1 --json \
  | tee "$out/chat-gpu-saturation.json"
