/**
 * Layouts of the PJRT C API as data: where each function stands in the table that a plugin
 * gives, and where each field lies in the structs that cross over.
 *
 * Facts of the interface (x86-64 and arm64 Linux, little endian), in its own names: a
 * function's arguments are one struct, of the function's name. Only what is used here is
 * listed. Offsets never change within major version 0: later versions append. Sizes are
 * those of version 0.116, the newest that was looked at.
 */

/** How a field is stored. */
export type FieldKind = "pointer" | "size" | "i64" | "i32" | "f32" | "bool";

/** A field: its offset in bytes and how it is stored. */
export type Field = readonly [offset: number, kind: FieldKind];

/** A struct. */
export interface StructLayout {
  /** In bytes, with the padding at its end. */
  readonly size: number;
  /** Without the two that every struct begins with: its size, and a chain of extensions. */
  readonly fields: Readonly<Record<string, Field>>;
}

/** A function with the struct of its arguments. */
export interface FunctionLayout extends StructLayout {
  /** The offset of its pointer in the table of functions. */
  readonly slot: number;
}

/** The version of the interface whose sizes stand here. */
export const KNOWN_VERSION = { major: 0, minor: 116 } as const;

/** The oldest that was tried; below it some fields did not exist yet. */
export const OLDEST_MINOR = 81;

/** The table of functions that `GetPjrtApi` returns, before its first function. */
export const TABLE = {
  size: 40,
  fields: { structSize: [0, "size"], major: [32, "i32"], minor: [36, "i32"] },
} as const satisfies StructLayout;

/** Bytes of a field by how it is stored. */
export const FIELD_SIZES: Readonly<Record<FieldKind, number>> = {
  pointer: 8,
  size: 8,
  i64: 8,
  i32: 4,
  f32: 4,
  bool: 1,
};

/** Structs that are no function's arguments. */
export const STRUCTS = {
  /** An option or an attribute; `value` lies at 40 in the form that `type` says. */
  NamedValue: {
    size: 56,
    fields: {
      name: [16, "pointer"],
      nameSize: [24, "size"],
      type: [32, "i32"],
      pointer: [40, "pointer"],
      int64: [40, "i64"],
      float: [40, "f32"],
      bool: [40, "bool"],
      valueSize: [48, "size"],
    },
  },
  Program: {
    size: 48,
    fields: {
      code: [16, "pointer"],
      codeSize: [24, "size"],
      format: [32, "pointer"],
      formatSize: [40, "size"],
    },
  },
  ExecuteOptions: { size: 144, fields: {} },
  /** A dense layout: `type` 0, no tiles. */
  Buffer_MemoryLayout: {
    size: 80,
    fields: {
      tiledSize: [16, "size"],
      minorToMajor: [32, "pointer"],
      minorToMajorSize: [40, "size"],
      type: [72, "i32"],
    },
  },
} as const satisfies Readonly<Record<string, StructLayout>>;

/** The functions that are called, with their arguments. */
export const FUNCTIONS = {
  Error_Destroy: { slot: 40, size: 24, fields: { error: [16, "pointer"] } },
  Error_Message: {
    slot: 48,
    size: 40,
    fields: { error: [16, "pointer"], message: [24, "pointer"], messageSize: [32, "size"] },
  },
  Error_GetCode: { slot: 56, size: 32, fields: { error: [16, "pointer"], code: [24, "i32"] } },
  Plugin_Initialize: { slot: 64, size: 16, fields: {} },
  Plugin_Attributes: {
    slot: 72,
    size: 32,
    fields: { attributes: [16, "pointer"], numAttributes: [24, "size"] },
  },
  Event_Destroy: { slot: 80, size: 24, fields: { event: [16, "pointer"] } },
  Event_IsReady: { slot: 88, size: 32, fields: { event: [16, "pointer"], isReady: [24, "bool"] } },
  Event_Await: { slot: 104, size: 24, fields: { event: [16, "pointer"] } },
  Client_Create: {
    slot: 120,
    size: 88,
    fields: { createOptions: [16, "pointer"], numOptions: [24, "size"], client: [64, "pointer"] },
  },
  Client_Destroy: { slot: 128, size: 24, fields: { client: [16, "pointer"] } },
  Client_PlatformName: {
    slot: 136,
    size: 40,
    fields: {
      client: [16, "pointer"],
      platformName: [24, "pointer"],
      platformNameSize: [32, "size"],
    },
  },
  Client_PlatformVersion: {
    slot: 152,
    size: 40,
    fields: {
      client: [16, "pointer"],
      platformVersion: [24, "pointer"],
      platformVersionSize: [32, "size"],
    },
  },
  Client_AddressableDevices: {
    slot: 168,
    size: 40,
    fields: {
      client: [16, "pointer"],
      addressableDevices: [24, "pointer"],
      numAddressableDevices: [32, "size"],
    },
  },
  Client_Compile: {
    slot: 200,
    size: 56,
    fields: {
      client: [16, "pointer"],
      program: [24, "pointer"],
      compileOptions: [32, "pointer"],
      compileOptionsSize: [40, "size"],
      executable: [48, "pointer"],
    },
  },
  Client_BufferFromHostBuffer: {
    slot: 216,
    size: 120,
    fields: {
      client: [16, "pointer"],
      data: [24, "pointer"],
      type: [32, "i32"],
      dims: [40, "pointer"],
      numDims: [48, "size"],
      hostBufferSemantics: [72, "i32"],
      device: [80, "pointer"],
      doneWithHostBuffer: [104, "pointer"],
      buffer: [112, "pointer"],
    },
  },
  DeviceDescription_Kind: {
    slot: 248,
    size: 40,
    fields: {
      deviceDescription: [16, "pointer"],
      deviceKind: [24, "pointer"],
      deviceKindSize: [32, "size"],
    },
  },
  Device_GetDescription: {
    slot: 272,
    size: 32,
    fields: { device: [16, "pointer"], deviceDescription: [24, "pointer"] },
  },
  Device_MemoryStats: {
    slot: 312,
    size: 208,
    fields: {
      device: [16, "pointer"],
      bytesInUse: [24, "i64"],
      peakBytesInUse: [32, "i64"],
      peakBytesInUseIsSet: [40, "bool"],
      bytesLimit: [80, "i64"],
      bytesLimitIsSet: [88, "bool"],
    },
  },
  Executable_Destroy: { slot: 360, size: 24, fields: { executable: [16, "pointer"] } },
  Executable_NumOutputs: {
    slot: 392,
    size: 32,
    fields: { executable: [16, "pointer"], numOutputs: [24, "size"] },
  },
  Executable_GetCostAnalysis: {
    slot: 408,
    size: 40,
    fields: {
      executable: [16, "pointer"],
      numProperties: [24, "size"],
      properties: [32, "pointer"],
    },
  },
  Executable_OptimizedProgram: {
    slot: 424,
    size: 32,
    fields: { executable: [16, "pointer"], program: [24, "pointer"] },
  },
  Executable_Serialize: {
    slot: 432,
    size: 56,
    fields: {
      executable: [16, "pointer"],
      serializedBytes: [24, "pointer"],
      serializedBytesSize: [32, "size"],
      serializedExecutable: [40, "pointer"],
      serializedExecutableDeleter: [48, "pointer"],
    },
  },
  LoadedExecutable_Destroy: { slot: 440, size: 24, fields: { executable: [16, "pointer"] } },
  LoadedExecutable_GetExecutable: {
    slot: 448,
    size: 32,
    fields: { loadedExecutable: [16, "pointer"], executable: [24, "pointer"] },
  },
  LoadedExecutable_Execute: {
    slot: 480,
    size: 80,
    fields: {
      executable: [16, "pointer"],
      options: [24, "pointer"],
      argumentLists: [32, "pointer"],
      numDevices: [40, "size"],
      numArgs: [48, "size"],
      outputLists: [56, "pointer"],
      deviceCompleteEvents: [64, "pointer"],
    },
  },
  Executable_DeserializeAndLoad: {
    slot: 488,
    size: 72,
    fields: {
      client: [16, "pointer"],
      serializedExecutable: [24, "pointer"],
      serializedExecutableSize: [32, "size"],
      loadedExecutable: [40, "pointer"],
    },
  },
  Buffer_Destroy: { slot: 504, size: 24, fields: { buffer: [16, "pointer"] } },
  Buffer_IsDeleted: {
    slot: 584,
    size: 32,
    fields: { buffer: [16, "pointer"], isDeleted: [24, "bool"] },
  },
  Buffer_ToHostBuffer: {
    slot: 600,
    size: 56,
    fields: {
      src: [16, "pointer"],
      hostLayout: [24, "pointer"],
      dst: [32, "pointer"],
      dstSize: [40, "size"],
      event: [48, "pointer"],
    },
  },
  TopologyDescription_Create: {
    slot: 696,
    size: 56,
    fields: {
      topologyName: [16, "pointer"],
      topologyNameSize: [24, "size"],
      createOptions: [32, "pointer"],
      numOptions: [40, "size"],
      topology: [48, "pointer"],
    },
  },
  TopologyDescription_Destroy: { slot: 704, size: 24, fields: { topology: [16, "pointer"] } },
  Compile: {
    slot: 752,
    size: 64,
    fields: {
      topology: [16, "pointer"],
      program: [24, "pointer"],
      compileOptions: [32, "pointer"],
      compileOptionsSize: [40, "size"],
      executable: [56, "pointer"],
    },
  },
  Executable_GetCompiledMemoryStats: {
    slot: 808,
    size: 144,
    fields: {
      executable: [16, "pointer"],
      argumentSizeInBytes: [32, "i64"],
      outputSizeInBytes: [40, "i64"],
      aliasSizeInBytes: [48, "i64"],
      tempSizeInBytes: [56, "i64"],
      peakMemoryInBytes: [104, "i64"],
    },
  },
} as const satisfies Readonly<Record<string, FunctionLayout>>;

/** The name of a function, as in `PJRT_Event_Await`. */
export type FunctionName = keyof typeof FUNCTIONS;

/** Element types by dtype of the representation, and those that only a program has inside. */
export const BUFFER_TYPES = { bool: 1, i32: 4, f32: 11, bf16: 13 } as const;

/** The forms of a named value. */
export const NAMED_VALUE_TYPES = { string: 0, int64: 1, int64s: 2, float: 3, bool: 4 } as const;

/** Data is copied before the call returns: the caller's memory is its own again at once. */
export const COPY_DURING_CALL = 0;
