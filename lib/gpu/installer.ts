/** The installers of Python packages that can bring the wheels: uv, else pip. */
import { isAbsolute, join } from "node:path";
import { ExperimentError } from "../base/errors.ts";

/** An installer that is there. */
export interface Installer {
  /** Its program. */
  readonly program: string;
  /** Which of them it is. */
  readonly name: "uv" | "pip";
}

/** Programs by preference: uv loads several files at a time. */
const PROGRAMS = [["uv", "uv"], ["pip3", "pip"], ["pip", "pip"]] as const;

/**
 * Looks for one along the search path.
 *
 * @param path the variable PATH
 * @throws ExperimentError "gpu/no-installer" where there is none
 */
export function findInstaller(path: string): Installer {
  // A relative folder would mean another program in another folder.
  const folders = path.split(":").filter(isAbsolute);
  for (const [file, name] of PROGRAMS) {
    const program = folders.map((folder) => join(folder, file)).find(isProgram);
    if (program !== undefined) return { program, name };
  }
  throw new ExperimentError("gpu/no-installer", "neither uv nor pip is there to bring packages", {
    mend: "install Python's pip (Debian: apt install python3-pip) or uv; neither is needed " +
      "afterwards",
  });
}

/** Newer Linux takes what older is built for; pip wants each named. */
const PIP_PLATFORMS = ["2_28", "2_27", "2_17", "2_12", "2_5"].map((glibc) =>
  `manylinux_${glibc}_x86_64`
).concat("manylinux2014_x86_64", "manylinux2010_x86_64", "manylinux1_x86_64");

/** Wheels ask for a Python of some age; none of theirs is ever run. */
const PYTHON = "3.12";

/** The arguments that install a requirements file into a folder. */
export function installArguments(
  { name }: Installer,
  { requirements, folder }: { readonly requirements: string; readonly folder: string },
): string[] {
  const common = ["--no-deps", "--require-hashes", "--target", folder, "-r", requirements];
  if (name === "uv") {
    return [
      "pip",
      "install",
      ...["--only-binary", ":all:", "--python-version", PYTHON],
      ...["--python-platform", "x86_64-manylinux_2_28"],
      ...common,
    ];
  }
  return [
    "install",
    ...["--only-binary=:all:", "--python-version", PYTHON, "--implementation", "cp"],
    ...PIP_PLATFORMS.flatMap((platform) => ["--platform", platform]),
    ...["--no-compile", "--no-input", "--disable-pip-version-check"],
    ...common,
  ];
}

function isProgram(path: string): boolean {
  try {
    const { isFile, mode } = Deno.statSync(path);
    return isFile && ((mode ?? 0) & 0o111) !== 0;
  } catch {
    return false;
  }
}
