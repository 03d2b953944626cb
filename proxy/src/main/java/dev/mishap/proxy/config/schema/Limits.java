package dev.mishap.proxy.config.schema;

/** What a configuration may cost, whoever wrote it. */
final class Limits {
    /** Bytes of one file or inline text. */
    static final int MAX_BYTES = 64 << 20;

    /** Nesting of lists and maps; protobuf's own readers stop at 100 too. */
    static final int MAX_DEPTH = 100;

    /** Values that aliases may add, as a multiple of the values that are written out. */
    static final int ALIAS_FACTOR = 10;

    /** Values that aliases may always add. */
    static final int ALIAS_FLOOR = 10_000;

    private Limits() {}
}
