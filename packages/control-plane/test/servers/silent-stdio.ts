/** Reads everything and never answers; ends when its input ends. */
process.stdin.resume()
