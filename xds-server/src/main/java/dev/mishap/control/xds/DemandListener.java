package dev.mishap.control.xds;

/**
 * Hears what clients ask of a lazy {@link ResourceLayer}, which answers later: by a resource, or by {@link ViewUpdate#hide}.
 *
 * <p>Called on a thread of the server that holds the layer's lock: pass it on, and do not block or call the layer.
 */
public interface DemandListener {
    /** The name of all resources of a type. */
    String ALL = "*";

    /** The first subscriber has come. */
    void wanted(String typeUrl, String name);

    /** The last subscriber has gone. */
    void unwanted(String typeUrl, String name);
}
