package dev.mishap.proxy.filter.common.matching;

/**
 * Ends an evaluation whose input can't be had, such as the peer's certificate where there is no TLS: then nothing matches, not
 * even {@code on_no_match}, as in Envoy.
 */
public final class MissingData extends RuntimeException {
    private static final long serialVersionUID = 1L;
    static final MissingData INSTANCE = new MissingData();

    private MissingData() {
        super("no data", null, false, false);
    }
}
