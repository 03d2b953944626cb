package dev.mishap.control.xds;

/** Who wants to know that something of interest in a layer has changed. */
interface Watcher {
    /** Called by the thread that updates a layer, after the update; it may be late, spurious, and once for several changes. */
    void wake();
}
