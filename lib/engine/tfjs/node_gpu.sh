#!/usr/bin/env bash
# Brings @tensorflow/tfjs-node-gpu into a folder, for the device "tfjs-node-gpu" on Linux with x86-64:
#
#     deno task gpu install --tfjs                        into the user's cache, where it is found
#     lib/engine/tfjs/node_gpu.sh FOLDER                  with NVIDIA's libraries, 3.3 GB to download
#     lib/engine/tfjs/node_gpu.sh FOLDER --without-cuda   without them, 0.6 GB: where they are, or to test
#     export TITRATE_TFJS_NODE_GPU=FOLDER
#
# The package's own installer fetches a binding for CUDA 11 and old versions of Node. Here the
# binding, two files of C++, is compiled against the TensorFlow that PyPI has, which is built for
# CUDA 12 and finds NVIDIA's libraries beside itself. Needs npm, g++ and Python 3.10 to 3.13 with
# pip; Titrate needs none of them afterwards.
set -euo pipefail

if [ $# -lt 1 ] || [ $# -gt 2 ] || { [ $# -eq 2 ] && [ "$2" != --without-cuda ]; }; then
  echo "usage: $0 FOLDER [--without-cuda]" >&2
  exit 2
fi
mkdir -p "$1"
cd "$1"

npm install --prefix . --ignore-scripts --no-audit --no-fund \
  @tensorflow/tfjs-node-gpu@4.22.0 node-api-headers@1.9.0

packages=(tensorflow==2.21.0)
if [ $# -eq 1 ]; then
  # What tensorflow[and-cuda] names, without the Python packages that only Python needs.
  packages+=('nvidia-cublas-cu12>=12.5.3.2,<13' 'nvidia-cuda-cupti-cu12>=12.5.82,<13'
    'nvidia-cuda-nvcc-cu12>=12.5.82,<13' 'nvidia-cuda-nvrtc-cu12>=12.5.82,<13'
    'nvidia-cuda-runtime-cu12>=12.5.82,<13' 'nvidia-cudnn-cu12>=9.3.0.75,<10'
    'nvidia-cufft-cu12>=11.2.3.61,<12' 'nvidia-curand-cu12>=10.3.6.82,<11'
    'nvidia-cusolver-cu12>=11.6.3.83,<12' 'nvidia-cusparse-cu12>=12.5.1.3,<13'
    'nvidia-nccl-cu12>=2.27.7,<3' 'nvidia-nvjitlink-cu12>=12.5.82,<13')
fi
python3 -m pip install --quiet --no-deps --no-compile --upgrade --target python "${packages[@]}"

package=node_modules/@tensorflow/tfjs-node-gpu
mkdir -p "$package/lib/napi-v8"
g++ -O2 -std=c++17 -fPIC -shared -DNAPI_VERSION=8 \
  -Inode_modules/node-api-headers/include -Ipython/tensorflow/include \
  "$package/binding/tfjs_backend.cc" "$package/binding/tfjs_binding.cc" \
  -Lpython/tensorflow -l:libtensorflow_cc.so.2 -l:libtensorflow_framework.so.2 \
  "-Wl,-rpath,$PWD/python/tensorflow" -o "$package/lib/napi-v8/tfjs_binding.node"

echo "done: export TITRATE_TFJS_NODE_GPU='$PWD'"
