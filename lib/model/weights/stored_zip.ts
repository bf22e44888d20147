/**
 * Where the files of a zip archive lie that are not compressed, as PyTorch writes them.
 *
 * @see APPNOTE.TXT of PKWARE, 4.3; archives above 4 GB are read too
 */

/** Why an archive is not read. */
export class ZipError extends Error {}

/** A file of an archive. */
export interface ZipPlace {
  /** Where its bytes begin. */
  readonly offset: number;
  /** How many there are. */
  readonly bytes: number;
}

/** A file of an archive, with what its bytes sum up to. */
export interface ZipFile extends ZipPlace {
  /** CRC-32; absent where the archive was written without. */
  readonly crc32?: number;
}

const END = 0x06054B50, END64 = 0x06064B50, CENTRAL = 0x02014B50, LOCAL = 0x04034B50;
/** The end record, with the longest comment. */
const MAX_END_BYTES = 22 + 0xFFFF;
/** No model has a million tensors. */
const MAX_CENTRAL_BYTES = 1 << 27;

/**
 * The files of an archive by name.
 *
 * @throws ZipError when it is damaged or a file of it is compressed
 */
export function readStoredZip(file: Deno.FsFile): ReadonlyMap<string, ZipFile> {
  const { size } = file.statSync();
  const tailBytes = Math.min(size, MAX_END_BYTES);
  const tail = viewAt(file, { offset: size - tailBytes, bytes: tailBytes, size });
  let end = tailBytes - 22;
  while (end >= 0 && tail.getUint32(end, true) !== END) end--;
  if (end < 0) throw new ZipError("it is no zip archive, or its end is cut off");
  const central = { offset: tail.getUint32(end + 16, true), bytes: tail.getUint32(end + 12, true) };
  // PyTorch writes the records of large archives always: before the end, and a locator.
  if (central.offset === 0xFFFFFFFF || central.bytes === 0xFFFFFFFF) {
    if (end < 20) throw new ZipError("its end is damaged");
    const offset = Number(tail.getBigUint64(end - 20 + 8, true));
    const record = viewAt(file, { offset, bytes: 56, size });
    if (record.getUint32(0, true) !== END64) throw new ZipError("its end is damaged");
    central.bytes = Number(record.getBigUint64(40, true));
    central.offset = Number(record.getBigUint64(48, true));
  }
  if (central.bytes > MAX_CENTRAL_BYTES) throw new ZipError("its directory is damaged");
  return readDirectory(file, { ...central, size });
}

function readDirectory(
  file: Deno.FsFile,
  place: ZipPlace & { readonly size: number },
): Map<string, ZipFile> {
  const found = new Map<string, ZipFile>();
  const view = viewAt(file, place);
  for (let at = 0; at + 46 <= place.bytes;) {
    if (view.getUint32(at, true) !== CENTRAL) throw new ZipError("its directory is damaged");
    const [method, nameBytes, extraBytes, commentBytes] = [10, 28, 30, 32].map((each) =>
      view.getUint16(at + each, true)
    ) as [number, number, number, number];
    const next = at + 46 + nameBytes + extraBytes + commentBytes;
    if (next > place.bytes) throw new ZipError("its directory is damaged");
    const name = new TextDecoder().decode(new Uint8Array(view.buffer, at + 46, nameBytes));
    if (method !== 0) throw new ZipError(`${name} is compressed`);
    let bytes = view.getUint32(at + 24, true), local = view.getUint32(at + 42, true);
    let wide = at + 46 + nameBytes;
    const extraEnd = wide + extraBytes;
    while (wide + 4 <= extraEnd) {
      const length = view.getUint16(wide + 2, true);
      if (view.getUint16(wide, true) === 1 && wide + 4 + length <= extraEnd) {
        let field = wide + 4;
        if (bytes === 0xFFFFFFFF && length >= 8) {
          bytes = Number(view.getBigUint64(field, true));
          field += view.getUint32(at + 20, true) === 0xFFFFFFFF ? 16 : 8;
        }
        if (local === 0xFFFFFFFF && field + 8 <= wide + 4 + length) {
          local = Number(view.getBigUint64(field, true));
        }
      }
      wide += 4 + length;
    }
    const offset = dataOffset(file, { name, local, bytes, size: place.size });
    // PyTorch writes 0 where it was told to compute none.
    const crc32 = view.getUint32(at + 16, true);
    found.set(name, { offset, bytes, ...(crc32 === 0 ? {} : { crc32 }) });
    at = next;
  }
  return found;
}

function dataOffset(
  file: Deno.FsFile,
  { name, local, bytes, size }: {
    readonly name: string;
    readonly local: number;
    readonly bytes: number;
    readonly size: number;
  },
): number {
  const header = viewAt(file, { offset: local, bytes: 30, size });
  if (header.getUint32(0, true) !== LOCAL) throw new ZipError(`${name} is not where it should be`);
  const offset = local + 30 + header.getUint16(26, true) + header.getUint16(28, true);
  if (offset + bytes > size) throw new ZipError(`${name} goes beyond the end of the file`);
  return offset;
}

function viewAt(file: Deno.FsFile, { offset, bytes, size }: ZipPlace & { size: number }): DataView {
  if (!(offset >= 0 && bytes >= 0 && offset + bytes <= size)) {
    throw new ZipError("it is cut off or damaged");
  }
  const into = new Uint8Array(bytes);
  file.seekSync(offset, Deno.SeekMode.Start);
  for (let done = 0; done < bytes;) {
    const got = file.readSync(into.subarray(done));
    if (got === null) throw new ZipError("it is cut off");
    done += got;
  }
  return new DataView(into.buffer);
}
