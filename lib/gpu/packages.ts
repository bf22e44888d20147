/**
 * What the device `cuda` needs besides NVIDIA's driver, as Python packages: a PJRT plugin and
 * the libraries that it loads. No Python reads them; its package index has them, and its
 * installers verify, go on after a break, and know mirrors and folders without a network.
 *
 * Libraries that the plugin can do without (FFT, sparse and dense solvers, profiling) are
 * left out, and nvJitLink, in whose place it uses ptxas.
 */

import type { Driver, NoDriver } from "../engine/xla/cuda_driver.ts";

/** The versions of CUDA that there is a plugin for. */
export type CudaVersion = "12" | "13";

/** A wheel for Linux on x86-64. */
export interface Wheel {
  /** The name on the package index. */
  readonly name: string;
  /** Its very version. */
  readonly version: string;
  /** Of the file. */
  readonly sha256: string;
  /** Bytes of the file. */
  readonly downloadBytes: number;
  /** Bytes when it is unpacked, roughly. */
  readonly diskBytes: number;
}

/** All that is installed for a version of CUDA. */
export interface CudaPackages {
  /** The plugin first. */
  readonly wheels: readonly [Wheel, ...Wheel[]];
  /** The plugin's file below the folder that they are installed into. */
  readonly plugin: string;
  /** The program that makes machine code of the compiler's output, likewise. */
  readonly ptxas: string;
  /** The least driver, as NVIDIA numbers the interface: 1000 * major + 10 * minor. */
  readonly leastDriver: number;
  /** The same as people know it. */
  readonly leastDriverName: string;
}

const MB = 1e6;

/** Sizes and hashes as the package index has them, 2026-11-26. */
export const CUDA_PACKAGES: Readonly<Record<CudaVersion, CudaPackages>> = {
  "12": {
    wheels: [
      {
        name: "jax-cuda12-pjrt",
        version: "0.12.0.1",
        sha256: "5ec28e06198d094031c37590b4ea753ae8cde4879ab4b60baf40f0dffb673286",
        downloadBytes: 191_846_358,
        diskBytes: 487 * MB,
      },
      {
        name: "nvidia-cuda-nvcc-cu12",
        version: "12.9.86",
        sha256: "5d6a0d32fdc7ea39917c20065614ae93add6f577d840233237ff08e9a38f58f0",
        downloadBytes: 40_546_229,
        diskBytes: 99 * MB,
      },
      {
        name: "nvidia-cuda-runtime-cu12",
        version: "12.9.79",
        sha256: "25bba2dfb01d48a9b59ca474a1ac43c6ebf7011f1b0b8cc44f54eb6ac48a96c3",
        downloadBytes: 3_493_179,
        diskBytes: 10 * MB,
      },
      {
        name: "nvidia-cublas-cu12",
        version: "12.9.3.13",
        sha256: "d7d51055f161b317c7105ddaae90e71eda059026074ffef93cf7cde2886bfe72",
        downloadBytes: 581_217_458,
        diskBytes: 856 * MB,
      },
      {
        name: "nvidia-cudnn-cu12",
        version: "9.23.2.1",
        sha256: "a5e706320218dc7d661b0e13402f204eeccd07b18d061b4d60668f80e464dd1e",
        downloadBytes: 721_096_736,
        diskBytes: 1164 * MB,
      },
      {
        name: "nvidia-cuda-nvrtc-cu12",
        version: "12.9.86",
        sha256: "210cf05005a447e29214e9ce50851e83fc5f4358df8b453155d5e1918094dcb4",
        downloadBytes: 89_568_129,
        diskBytes: 227 * MB,
      },
      {
        name: "nvidia-nccl-cu12",
        version: "2.32.3",
        sha256: "bb94b2348e4861d5e8aa00b36c3d12d9bdf9c6369b82cbb723de0b582280a21c",
        downloadBytes: 351_526_311,
        diskBytes: 491 * MB,
      },
    ],
    plugin: "jax_plugins/xla_cuda12/xla_cuda_plugin.so",
    ptxas: "nvidia/cuda_nvcc/bin/ptxas",
    leastDriver: 12_000,
    leastDriverName: "525",
  },
  "13": {
    wheels: [
      {
        name: "jax-cuda13-pjrt",
        version: "0.12.0.1",
        sha256: "5899bb6177eda86ea532afb9a26794f2bdd04966f6a01f9028266b16c2b6cf90",
        downloadBytes: 134_922_808,
        diskBytes: 396 * MB,
      },
      {
        name: "nvidia-cuda-nvcc",
        version: "13.5.37",
        sha256: "f5c4f7ead5d964fb4af42bbf1e6d3ec3c1e6e9d83b53749f691d387e7fcaa3a7",
        downloadBytes: 47_028_279,
        diskBytes: 150 * MB,
      },
      {
        name: "nvidia-nvvm",
        version: "13.5.37",
        sha256: "c41bfa362e407405163f103c2229f0765f8cc2ed7d148b754dc77f228bf7e070",
        downloadBytes: 75_141_406,
        diskBytes: 178 * MB,
      },
      {
        name: "nvidia-cuda-runtime",
        version: "13.5.37",
        sha256: "df2b79a8852f10d1fef8c848489c49eebb5754051bf870202a862831412b179d",
        downloadBytes: 2_504_024,
        diskBytes: 8 * MB,
      },
      {
        name: "nvidia-cublas",
        version: "13.10.0.20",
        sha256: "dcc6d63884c53d07e267ce7e6feac17b2538cebaafec5db865736c3e28e4dc84",
        downloadBytes: 444_289_903,
        diskBytes: 610 * MB,
      },
      {
        name: "nvidia-cudnn-cu13",
        version: "9.23.2.1",
        sha256: "0c38408c043d67ea8a3cbe61fe272c3cf5c7f5ec466adfe8ac63e91d4f11cdc7",
        downloadBytes: 518_553_472,
        diskBytes: 941 * MB,
      },
      {
        name: "nvidia-cuda-nvrtc",
        version: "13.5.37",
        sha256: "86b4d68058807988b7d9af5b44917a0601e9c337f35ccd657bfb3c759ff8d8bc",
        downloadBytes: 58_185_930,
        diskBytes: 149 * MB,
      },
      {
        name: "nvidia-nccl-cu13",
        version: "2.32.3",
        sha256: "1459723080ac889d73a26edfa3e04383a7928ab31ac8f0ec43b3ea9548b04ff3",
        downloadBytes: 305_100_071,
        diskBytes: 361 * MB,
      },
    ],
    plugin: "jax_plugins/xla_cuda13/xla_cuda_plugin.so",
    ptxas: "nvidia/cu13/bin/ptxas",
    leastDriver: 13_000,
    leastDriverName: "580",
  },
};

/** What is wrong with a driver that does not serve a version; undefined where it does, or none tells. */
export function tooOldFor(cuda: CudaVersion, driver: Driver | NoDriver): string | undefined {
  const { leastDriver, leastDriverName } = CUDA_PACKAGES[cuda];
  if ("why" in driver || driver.version >= leastDriver) return undefined;
  const older = cuda === "13" && driver.version >= CUDA_PACKAGES["12"].leastDriver;
  return `the driver of this machine serves CUDA up to ${cudaName(driver.version)}, and these ` +
    `packages need ${cuda}: update it to ${leastDriverName} or later${
      older ? ", or give --cuda 12" : ""
    }`;
}

/** A version of the driver's interface as people know it: 12090 as "12.9". */
export function cudaName(version: number): string {
  return `${Math.floor(version / 1000)}.${Math.floor(version % 1000 / 10)}`;
}

/** Bytes of all wheels of a version. */
export function totalOf(
  { wheels }: CudaPackages,
): { readonly downloadBytes: number; readonly diskBytes: number } {
  return {
    downloadBytes: wheels.reduce((sum, each) => sum + each.downloadBytes, 0),
    diskBytes: wheels.reduce((sum, each) => sum + each.diskBytes, 0),
  };
}

/** The wheels as a requirements file, by version and hash. */
export function requirementsOf({ wheels }: CudaPackages): string {
  return wheels.map(({ name, version, sha256 }) => `${name}==${version} --hash=sha256:${sha256}\n`)
    .join("");
}
