// Packed documents (astro/viewer/packing.py): JSON that refers to parts of a buffer. Numbers are views of the buffer, and
// a text is decoded when it is shown, so that opening a document takes no time per node.

export interface Part {
  at: number;
  size: number;
}

export interface PackedNames {
  codes: Part;
  names: string[];
}

export interface PackedTexts {
  ends: Part;
  bytes: Part;
  missing: Part | null;
}

const DECODER = new TextDecoder("utf-8", { ignoreBOM: true });

export class Packed<Head> {
  readonly head: Head;
  private readonly start: number;

  constructor(private readonly buffer: ArrayBuffer, from = 0) {
    const size = new DataView(buffer).getUint32(from, true);
    this.start = from + 8 + size;
    this.head = JSON.parse(DECODER.decode(new Uint8Array(buffer, from + 8, size))) as Head;
  }

  wholeNumbers({ at, size }: Part): Int32Array {
    return new Int32Array(this.buffer, this.start + at, size / 4);
  }

  fractions({ at, size }: Part): Float32Array {
    return new Float32Array(this.buffer, this.start + at, size / 4);
  }

  names({ codes, names }: PackedNames): Names {
    return new Names(this.bytes(codes), names);
  }

  texts({ ends, bytes, missing }: PackedTexts): Texts {
    return new Texts(this.wholeNumbers(ends), this.bytes(bytes), missing && this.bytes(missing));
  }

  json<T>(part: Part): T {
    return JSON.parse(DECODER.decode(this.bytes(part))) as T;
  }

  packed<T>({ at }: Part): Packed<T> {
    return new Packed<T>(this.buffer, this.start + at);
  }

  private bytes({ at, size }: Part): Uint8Array {
    return new Uint8Array(this.buffer, this.start + at, size);
  }
}

/** A column of few different texts, or null. */
export class Names {
  constructor(private readonly codes: Uint8Array, private readonly names: string[]) {}

  at(row: number): string | null {
    return this.names[this.codes[row] ?? -1] ?? null;
  }
}

const LONGEST_CHARACTER = 4; // bytes in UTF-8

/** A column of texts of any length, or null. */
export class Texts {
  constructor(private readonly ends: Int32Array, private readonly bytes: Uint8Array, private readonly missing: Uint8Array | null) {}

  at(row: number): string | null {
    return this.missing?.[row] ? null : DECODER.decode(this.bytes.subarray(this.ends[row - 1] ?? 0, this.ends[row] ?? 0));
  }

  /** At most the first characters of a text. */
  beginning(row: number, most: number): string {
    const from = this.ends[row - 1] ?? 0;
    const to = Math.min(this.ends[row] ?? 0, from + most * LONGEST_CHARACTER);
    return DECODER.decode(this.bytes.subarray(from, to)).slice(0, most);
  }
}
