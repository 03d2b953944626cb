package dev.mishap.control.xds;

import java.time.Clock;
import java.util.function.Consumer;
import org.slf4j.Logger;

/** What all streams of a server share. */
record StreamContext(
        ViewProvider views,
        Fleet fleet,
        NodeReader nodes,
        Limits limits,
        Workers workers,
        Clock clock,
        Logger log,
        Consumer<XdsStream> onClosed) {
    void closed(XdsStream stream) {
        onClosed.accept(stream);
    }
}
