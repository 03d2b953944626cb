package dev.mishap.control.xds;

import java.time.Instant;
import java.util.List;
import java.util.concurrent.CompletionStage;

/** A stream of a node that is connected. Safe for use by all threads. */
public interface ConnectedStream {
    /** Unique in this process. */
    long id();

    NodeInfo node();

    Peer peer();

    /** Whether it is incremental; else it is the state of the world. */
    boolean delta();

    /** Whether it carries all types; else it is of one. */
    boolean aggregated();

    /** Whether it is no stream but a node that polls, and is thought to be there for as long as it does. */
    default boolean polls() {
        return false;
    }

    Instant since();

    /** By type, in the order in which they are served. */
    List<TypeStatus> types();

    /** What the client has, as of a moment soon; empty when the stream has ended by then. */
    CompletionStage<List<SentResource>> sent();

    ResourceView view();

    /** Gives the node another view: it gets what differs. */
    void moveTo(ResourceView view);

    /** Ends the stream; the client may come back at once. */
    void disconnect(String reason);
}
