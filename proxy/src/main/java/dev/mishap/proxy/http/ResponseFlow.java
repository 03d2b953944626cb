package dev.mishap.proxy.http;

import dev.mishap.proxy.http.HttpStream.WatermarkListener;
import org.jspecify.annotations.Nullable;

/** Whether a stream takes more of its response: who asked for a pause is counted, and one listener, who reads upstream, is told. */
final class ResponseFlow {
    private @Nullable WatermarkListener listener;
    private int pauses;
    private boolean downstreamFull;

    /** A request begins. The response before may still be on its way to a client that reads slowly, and no event tells of it again. */
    void begin(boolean full) {
        listener = null;
        downstreamFull = full;
        pauses = full ? 1 : 0;
    }

    /** Nobody is told any more. */
    void end() {
        listener = null;
    }

    void listener(@Nullable WatermarkListener to) {
        listener = to;
        if (to != null && pauses > 0) {
            to.aboveHighWatermark();
        }
    }

    /** The downstream connection takes more again, or no more. */
    void writable(boolean writable) {
        if (downstreamFull == writable) {
            downstreamFull = !writable;
            if (downstreamFull) {
                pause();
            } else {
                resume();
            }
        }
    }

    void pause() {
        if (pauses++ == 0 && listener != null) {
            listener.aboveHighWatermark();
        }
    }

    void resume() {
        assert pauses > 0;
        if (--pauses == 0 && listener != null) {
            listener.belowLowWatermark();
        }
    }
}
