package dev.mishap.control.xds;

import java.util.ArrayList;
import java.util.List;

/** What a client does not have yet of one type, as found in its view at one moment; it counts once it was sent. */
final class Changes {
    final List<Resource> put = new ArrayList<>();
    final List<String> removed = new ArrayList<>();
    /** Gone from the view, but still served since a route may use them. */
    final List<String> held = new ArrayList<>();

    /** The revisions of the layers that were looked at. */
    final long[] seen;

    /** Otherwise the protocol has no word for what is gone, and a response with nothing else would be one about nothing. */
    boolean tellsRemovals = true;

    String label = "";

    /** Nothing new: a part of a response that was refused as a whole. */
    boolean again;

    /** A response is due even when nothing changed. */
    boolean due;

    Changes(int layers) {
        seen = new long[layers];
    }

    boolean isEmpty() {
        return put.isEmpty() && (removed.isEmpty() || !tellsRemovals) && !due;
    }
}
