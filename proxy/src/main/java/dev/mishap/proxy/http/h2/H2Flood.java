package dev.mishap.proxy.http.h2;

import org.jspecify.annotations.Nullable;

/** Counts the frames that cost us work and the peer nothing, against the limits of {@link H2Options}; formulas are Envoy's. */
final class H2Flood {
    private static final H2Failure EMPTY =
            new H2Failure(H2Error.ENHANCE_YOUR_CALM, null, false, "http2.inbound_empty_frames_flood");
    private static final H2Failure PRIORITY = H2Failure.flood("codec_error:Too_many_PRIORITY_frames");
    private static final H2Failure WINDOW_UPDATE = H2Failure.flood("codec_error:Too_many_WINDOW_UPDATE_frames");
    private static final H2Failure OUTBOUND = H2Failure.flood("codec_error:Too_many_frames_in_the_outbound_queue.");
    private static final H2Failure CONTROL =
            H2Failure.flood("codec_error:Too_many_control_frames_in_the_outbound_queue.");

    private final H2Options options;
    private final H2Stats stats;
    private int emptyInARow;
    private long priorities;
    private long windowUpdates;
    private long streams;
    private long dataFrames;

    H2Flood(H2Options options, H2Stats stats) {
        this.options = options;
        this.stats = stats;
    }

    void streamOpened() {
        streams++;
    }

    void dataSent() {
        dataFrames++;
    }

    /** A frame came. {@code payload} is its length without padding. */
    @Nullable
    H2Failure inbound(int type, int payload, boolean end) {
        switch (type) {
            case H2Frame.DATA:
            case H2Frame.HEADERS:
            case H2Frame.CONTINUATION:
                if (payload > 0 || end) {
                    emptyInARow = 0;
                } else if (++emptyInARow > options.maxEmptyFrames()) {
                    stats.emptyFramesFlood.inc();
                    return EMPTY;
                }
                return null;
            case H2Frame.PRIORITY:
                if (++priorities > options.maxPriorityFrames() * (1 + streams)) {
                    stats.priorityFramesFlood.inc();
                    return PRIORITY;
                }
                return null;
            case H2Frame.WINDOW_UPDATE:
                if (++windowUpdates > 5 + 2 * (streams + options.maxWindowUpdates() * dataFrames)) {
                    stats.windowUpdateFramesFlood.inc();
                    return WINDOW_UPDATE;
                }
                return null;
            default:
                return null;
        }
    }

    /** A frame was written. */
    @Nullable
    H2Failure outbound(H2Output out) {
        if (out.outstandingControl() > options.maxOutboundControlFrames()) {
            stats.outboundControlFlood.inc();
            return CONTROL;
        }
        if (out.outstanding() > options.maxOutboundFrames()) {
            stats.outboundFlood.inc();
            return OUTBOUND;
        }
        return null;
    }
}
