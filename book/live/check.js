// What can be said of a picture before it is decoded: its kind, its size, whether its file is whole.
//
// `limits` are those of the package (plip_tutorial/sources/images.py): {pixels, strip, bytes}. What a browser would show in other colours
// than Python reads, or not at all, is refused in a line that names the value and the remedy.

plipLive.parts.check = async function check(blob, limits) {
  "use strict";
  const refuse = (line) => {
    throw new Error(line);
  };

  function kindOf(bytes) {
    const starts = (text, at = 0) => [...text].every((letter, i) => bytes[at + i] === letter.charCodeAt(0));
    if (starts("\x89PNG")) return "PNG";
    if (starts("\xff\xd8")) return "JPEG";
    if (starts("GIF8")) return "GIF";
    if (starts("RIFF") && starts("WEBP", 8)) return "WebP";
    if (starts("II*\0") || starts("MM\0*") || starts("II+\0") || starts("MM\0+")) return "TIFF";
    if (starts("ftyp", 4)) return starts("avi", 8) ? "AVIF" : "HEIC";
    if (starts("BM")) return "BMP";
    if (/<svg[\s>]/i.test(new TextDecoder("latin1").decode(bytes.subarray(0, 2000)))) return "SVG";
    return "";
  }

  // Each has a mark or a length by which one knows that the file goes on to its end.
  function isWhole(kind, bytes) {
    const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
    if (kind === "WebP") return bytes.length >= 8 + view.getUint32(4, true);
    if (kind === "JPEG") {
      for (let i = bytes.length - 2; i > 2; i--) if (bytes[i] === 255 && bytes[i + 1] === 217) return true;
      return false;
    }
    if (kind === "PNG") {
      let at = 8;
      while (at + 12 <= bytes.length) {
        if (view.getUint32(at + 4) === 0x49454e44) return true; // IEND
        at += 12 + view.getUint32(at);
      }
      return false;
    }
    if (kind !== "GIF" || bytes.length < 14) return kind !== "GIF";
    let at = 13 + (bytes[10] & 128 ? 3 * 2 ** ((bytes[10] & 7) + 1) : 0);
    const skip = () => {
      while (at < bytes.length && bytes[at]) at += bytes[at] + 1;
      at++;
    };
    while (bytes[at] === 33) (at += 2), skip(); // extensions
    if (bytes[at] !== 44) return false;
    at += 11 + (bytes[at + 9] & 128 ? 3 * 2 ** ((bytes[at + 9] & 7) + 1) : 0);
    skip();
    return at <= bytes.length;
  }

  // Bits of a sample, size and number of components of a JPEG, from the header of its frame.
  function jpegFrame(bytes) {
    let at = 2;
    while (at + 9 < bytes.length) {
      if (bytes[at] !== 255) return null;
      const mark = bytes[at + 1];
      if (mark === 255) {
        at++;
        continue;
      }
      const begins = mark >= 192 && mark <= 207 && ![196, 200, 204].includes(mark);
      const number = (i) => bytes[i] * 256 + bytes[i + 1];
      if (begins) return { bits: bytes[at + 4], height: number(at + 5), width: number(at + 7), parts: bytes[at + 9] };
      at += 2 + bytes[at + 2] * 256 + bytes[at + 3];
    }
    return null;
  }

  function naturalSize() {
    const address = URL.createObjectURL(blob);
    return new Promise((resolve, reject) => {
      const picture = new Image();
      picture.onload = () => resolve({ width: picture.naturalWidth, height: picture.naturalHeight });
      const line = `This ${kind} file is damaged, or this browser cannot read it. Please save it anew as PNG.`;
      picture.onerror = () => reject(new Error(line));
      picture.src = address;
    }).finally(() => URL.revokeObjectURL(address));
  }

  const commas = (number) => number.toLocaleString("en");
  if (!(blob instanceof Blob)) refuse("This is no file. Please choose a picture.");
  if (!blob.size) refuse("This file is empty (0 bytes). Please choose another.");
  if (blob.size > limits.bytes) {
    const [size, most] = [blob.size, limits.bytes].map((bytes) => Math.round(bytes / 1024 ** 2));
    refuse(`This file has ${size} MB; at most ${most} are read. Please cut it into tiles first.`);
  }
  const bytes = new Uint8Array(await blob.arrayBuffer());
  const kind = kindOf(bytes);
  const saveAs = "Please save it as PNG, JPEG or WebP.";
  if (!kind) refuse(`This file${blob.type ? `, called ${blob.type},` : ""} is no picture that is known here. ${saveAs}`);
  if (["TIFF", "HEIC", "SVG"].includes(kind)) refuse(`This is a ${kind} file, which cannot be read here. ${saveAs}`);
  if (!isWhole(kind, bytes)) {
    refuse(`This ${kind} file is cut off: it ends after ${commas(bytes.length)} bytes. Please fetch or save it anew.`);
  }
  if (kind === "PNG" && bytes[24] === 16) {
    refuse("This PNG has 16 bits a channel, and a browser keeps 8. Please save it with 8.");
  }
  const frame = kind === "JPEG" ? jpegFrame(bytes) : null;
  if (frame && frame.parts === 4) {
    refuse("This JPEG has the four colours of print (CMYK), which browsers show differently. Please save it as RGB.");
  }
  if (frame && frame.bits !== 8) {
    refuse(`This JPEG has ${frame.bits} bits a channel; browsers read 8. Please save it with 8.`);
  }
  const limited = ({ width, height }) => {
    const size = `${commas(width)} x ${commas(height)} pixels`;
    if (!width || !height) refuse(`This picture is empty (${size}). Please choose another.`);
    if (width * height > limits.pixels) {
      const most = commas(limits.pixels);
      refuse(`This picture has ${size}; at most ${most} are decoded at once. Please cut it into tiles first.`);
    }
    if (Math.max(width, height) > limits.strip * Math.min(width, height)) {
      refuse(`This picture is a strip of ${size}, which no model can be shown. Please cut a piece out of it.`);
    }
    return { width, height };
  };
  if (frame) limited(frame);
  const big = new DataView(bytes.buffer);
  if (kind === "PNG") limited({ width: big.getUint32(16), height: big.getUint32(20) });
  return limited(await naturalSize());
};
