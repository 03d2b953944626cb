package dev.mishap.proxy.http;

import io.netty.buffer.ByteBuf;
import java.net.SocketAddress;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * The filters of one stream and how far each direction has come. The request goes up the chain, the response down; a direction
 * that is paused queues what arrives at its entrance. The last filter is the terminal one: what it answers to the request is
 * not looked at, and the response starts below it.
 */
public final class FilterChain {
    private static final int NOT_PAUSED = Integer.MIN_VALUE;
    private static final HttpFilter NONE = new HttpFilter() {};

    private final HttpStream stream;
    private final ChainEnd out;
    private final int bufferLimit;
    private final HttpFilter[] filters;
    private int count;
    private final Direction request;
    private final Direction response;
    private boolean created;
    private boolean asked;
    private boolean ended;
    // Told apart from a later use of this object by callers whose filter ended the stream it was asked about.
    private int generation;

    /**
     * A chain for one stream after the other.
     *
     * @param out what the response goes to
     * @param mostFilters how many filters there may be
     * @param bufferLimit bytes that may wait in a direction before their source is paused
     */
    public FilterChain(HttpStream stream, ChainEnd out, int mostFilters, int bufferLimit) {
        this.out = out;
        this.stream = stream;
        this.bufferLimit = bufferLimit;
        this.filters = new HttpFilter[mostFilters];
        this.request = new Direction(true);
        this.response = new Direction(false);
    }

    /** Readies the chain for a stream; it has no filters until the request's headers are there, or are answered unseen. */
    public void begin() {
        ended = created = asked = false;
        count = 0;
        request.reset();
        response.reset();
    }

    boolean created() {
        return created;
    }

    /**
     * Gives the chain its filters.
     *
     * @param route which of them it disables or enables, or null when none is known
     */
    public void create(List<ConnectionManagerConfig.ChainFilter> all, @Nullable SelectedRoute route) {
        created = true;
        for (int i = 0; i < all.size(); i++) {
            ConnectionManagerConfig.ChainFilter f = all.get(i);
            Boolean disabled = route == null ? null : route.filterDisabled(f.name());
            if (disabled == null ? f.disabled() : disabled) {
                continue;
            }
            filters[count++] = f.factory().create();
        }
    }

    /** Puts a filter behind those that there are. */
    public void append(HttpFilter filter) {
        filters[count++] = filter;
    }

    /** Whether a filter answers the request, now that it is known who will get it ({@link HttpFilter#onUpstreamHost}). */
    public boolean answersFor(SocketAddress host) {
        for (int i = 0; i < count; i++) {
            if (filters[i].onUpstreamHost(stream, host) == Flow.PAUSE) {
                return true;
            }
        }
        return false;
    }

    /** Has the stream do without filters. */
    void leaveOut() {
        created = true;
    }

    /** Whether the request came to the filters. */
    boolean asked() {
        return asked;
    }

    public void requestHeaders(boolean endStream) {
        asked = true;
        runHeaders(request, stream.requestHeaders(), 0, endStream);
    }

    public void requestData(ByteBuf transferred, boolean endStream) {
        arrive(request, transferred, 0, endStream);
    }

    public void requestTrailers(HeaderMap trailers) {
        arriveTrailers(request, trailers);
    }

    public void responseHeaders(HeaderMap headers, boolean endStream) {
        runHeaders(response, headers, response.first(), endStream);
    }

    public void responseData(ByteBuf transferred, boolean endStream) {
        arrive(response, transferred, response.first(), endStream);
    }

    public void responseTrailers(HeaderMap trailers) {
        arriveTrailers(response, trailers);
    }

    public void raiseRequestLimit(int bytes) {
        request.queue.raiseLimit(bytes);
    }

    public void resumeRequest(HttpFilter filter) {
        resume(request, filter);
    }

    public void resumeResponse(HttpFilter filter) {
        resume(response, filter);
    }

    public void injectRequest(HttpFilter filter, ByteBuf transferred, boolean endStream) {
        inject(request, filter, transferred, endStream);
    }

    public void injectResponse(HttpFilter filter, ByteBuf transferred, boolean endStream) {
        inject(response, filter, transferred, endStream);
    }

    public void injectResponseTrailers(HttpFilter filter, HeaderMap trailers) {
        int i = indexOf(filter);
        if (i >= 0 && !response.stopped) {
            response.trailers = trailers;
            response.trailersFrom = i + response.step;
            if (response.pausedAt == NOT_PAUSED && !response.draining) {
                runTrailers(response);
            }
        }
    }

    /** Nothing more of the request enters a filter: it is being answered. */
    public void stopRequest() {
        request.stopped = true;
        request.dropQueue();
    }

    /** Ends the filters, each once. */
    public void end() {
        if (ended) {
            return;
        }
        ended = true;
        generation++;
        request.stopped = response.stopped = true;
        request.dropQueue();
        response.dropQueue();
        int n = count;
        count = 0;
        for (int i = 0; i < n; i++) {
            HttpFilter f = filters[i];
            f.onStreamEnd(stream);
        }
        // The references go with the next stream; the objects must not be reached from here any more.
        for (int i = 0; i < n; i++) {
            filters[i] = NONE;
        }
    }

    private int indexOf(HttpFilter filter) {
        for (int i = 0; i < count; i++) {
            if (filters[i] == filter) {
                return i;
            }
        }
        return -1;
    }

    private void runHeaders(Direction d, HeaderMap headers, int from, boolean endStream) {
        d.headers = headers;
        d.headersEnd = endStream;
        int g = generation;
        for (int i = from; d.within(i); i += d.step) {
            Flow flow = d.up
                    ? filters[i].onRequestHeaders(stream, headers, endStream)
                    : filters[i].onResponseHeaders(stream, headers, endStream);
            if (g != generation || d.stopped) {
                return;
            }
            if (flow == Flow.CONTINUE || d.terminal(i)) {
                continue;
            }
            if (flow == Flow.HOLD) {
                d.heldAt = i;
            } else {
                d.pausedAt = i;
                d.pausedOn = Direction.HEADERS;
            }
            return;
        }
        if (!d.up) {
            out.writeHeaders(headers, endStream);
        }
    }

    private void arrive(Direction d, ByteBuf data, int from, boolean end) {
        if (d.stopped) {
            data.release();
        } else if (d.pausedAt != NOT_PAUSED || d.draining) {
            d.queue.addLast(data, from, end);
        } else {
            runData(d, data, from, end);
        }
    }

    private void runData(Direction d, ByteBuf data, int from, boolean end) {
        int g = generation;
        for (int i = from; d.within(i); i += d.step) {
            Flow flow;
            try {
                flow = d.up
                        ? filters[i].onRequestData(stream, data, end)
                        : filters[i].onResponseData(stream, data, end);
            } catch (Throwable t) {
                data.release();
                throw t;
            }
            if (g != generation || d.stopped || flow == Flow.TAKEN || d.terminal(i)) {
                data.release();
                return;
            }
            if (i == d.heldAt) {
                d.queue.keep(data, i + d.step, end);
                if (flow == Flow.CONTINUE) {
                    release(d);
                }
                return;
            }
            if (flow == Flow.PAUSE) {
                d.pausedAt = i;
                d.pausedOn = Direction.DATA;
                d.queue.addFirst(data, i + d.step, end);
                return;
            }
        }
        if (d.up) {
            data.release();
        } else {
            out.writeData(data, end);
        }
    }

    private void arriveTrailers(Direction d, HeaderMap trailers) {
        if (d.stopped) {
            return;
        }
        d.trailers = trailers;
        d.trailersFrom = d.first();
        if (d.pausedAt == NOT_PAUSED && !d.draining) {
            runTrailers(d);
        }
    }

    private void runTrailers(Direction d) {
        HeaderMap trailers = d.trailers;
        assert trailers != null;
        int from = d.trailersFrom;
        d.trailers = null;
        int g = generation;
        for (int i = from; d.within(i); i += d.step) {
            Flow flow = d.up
                    ? filters[i].onRequestTrailers(stream, trailers)
                    : filters[i].onResponseTrailers(stream, trailers);
            if (g != generation || d.stopped) {
                return;
            }
            if (i == d.heldAt) {
                d.trailers = trailers;
                d.trailersFrom = flow == Flow.TAKEN ? i : i + d.step;
                d.trailersHeld = true;
                if (flow == Flow.CONTINUE) {
                    release(d);
                }
                return;
            }
            if (flow == Flow.PAUSE && !d.terminal(i)) {
                d.pausedAt = i;
                d.pausedOn = Direction.TRAILERS;
                d.trailers = trailers;
                d.trailersFrom = i + d.step;
                return;
            }
        }
        if (!d.up) {
            out.writeTrailers(trailers);
        }
    }

    /** Lets the headers that a filter held go on, and then what was kept behind them. */
    private void release(Direction d) {
        int at = d.heldAt;
        HeaderMap h = d.headers;
        assert h != null;
        d.heldAt = NOT_PAUSED;
        d.trailersHeld = false;
        d.queue.unkeep();
        int g = generation;
        runHeaders(d, h, at + d.step, d.headersEnd);
        if (g == generation && !d.stopped && d.pausedAt == NOT_PAUSED) {
            drain(d);
        }
    }

    private void resume(Direction d, HttpFilter filter) {
        if (!d.stopped && d.heldAt != NOT_PAUSED && d.heldAt < count && filters[d.heldAt] == filter) {
            release(d);
            return;
        }
        if (d.stopped || d.pausedAt == NOT_PAUSED || filters[d.pausedAt] != filter || d.pausedAt >= count) {
            return;
        }
        int at = d.pausedAt;
        boolean headers = d.pausedOn == Direction.HEADERS;
        d.pausedAt = NOT_PAUSED;
        int g = generation;
        if (headers) {
            HeaderMap h = d.headers;
            assert h != null;
            runHeaders(d, h, at + d.step, d.headersEnd);
            if (g != generation || d.stopped || d.pausedAt != NOT_PAUSED) {
                return;
            }
        }
        drain(d);
    }

    private void drain(Direction d) {
        int g = generation;
        d.draining = true;
        while (g == generation && !d.stopped && d.pausedAt == NOT_PAUSED) {
            BodyQueue.Piece p = d.queue.poll();
            if (p == null) {
                d.draining = false;
                if (d.trailers != null && !d.trailersHeld) {
                    runTrailers(d);
                }
                return;
            }
            runData(d, p.data, p.from, p.end);
        }
        if (g == generation) {
            d.draining = false;
        }
    }

    private void inject(Direction d, HttpFilter filter, ByteBuf data, boolean end) {
        int i = indexOf(filter);
        if (i < 0) {
            data.release();
            return;
        }
        // Trailers that the filter holds back do not stop what it sends before them.
        if (d.heldAt == i && !d.stopped) {
            d.headersEnd = false; // there may have been no body before
            d.queue.keep(data, i + d.step, end);
        } else if (d.pausedAt == i && d.pausedOn == Direction.TRAILERS) {
            runData(d, data, i + d.step, end);
        } else {
            arrive(d, data, i + d.step, end);
        }
    }

    /** One direction's state. */
    private final class Direction {
        static final int HEADERS = 0;
        static final int DATA = 1;
        static final int TRAILERS = 2;

        final boolean up;
        final int step;
        int pausedAt = NOT_PAUSED;
        int pausedOn;
        /** The filter that holds the headers back while it looks at what follows them. */
        int heldAt = NOT_PAUSED;

        /** What waits at the direction's entrance, or where it is paused. */
        final BodyQueue queue;

        boolean stopped;
        boolean draining;

        @Nullable
        HeaderMap headers;

        boolean headersEnd;

        @Nullable
        HeaderMap trailers;

        int trailersFrom;
        /** Whether the trailers rest with the headers that a filter holds. */
        boolean trailersHeld;

        Direction(boolean up) {
            this.up = up;
            this.step = up ? 1 : -1;
            this.queue = new BodyQueue(stream, up);
        }

        void reset() {
            pausedAt = heldAt = NOT_PAUSED;
            stopped = draining = trailersHeld = false;
            headers = trailers = null;
            queue.begin(bufferLimit);
        }

        int first() {
            return up ? 0 : count - 2;
        }

        boolean within(int i) {
            return i >= 0 && i < count;
        }

        boolean terminal(int i) {
            return up && i == count - 1;
        }

        void dropQueue() {
            trailers = null;
            queue.clear();
        }
    }
}
