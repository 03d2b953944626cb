package dev.mishap.proxy.http.h1;

import dev.mishap.proxy.http.HeaderMap;
import dev.mishap.proxy.http.HeaderName;
import dev.mishap.proxy.http.JoinedHeaders;

/** The client's side: reads responses. {@code :status} is the first entry of the map. */
public final class H1ResponseParser extends H1Parser {
    private static final byte[] NAME = {':', 's', 't', 'a', 't', 'u', 's'};
    private static final int HASH_STATUS = HeaderName.STATUS.hashCode();

    private boolean headRequest;
    private boolean upgradeRequested;
    private boolean connect;
    private boolean http11;
    private boolean untilClose;
    private boolean upgraded;
    private int status;

    public H1ResponseParser(H1Limits limits, Sink sink) {
        super(limits, sink);
    }

    /**
     * Starts the response to the next request.
     *
     * @param headRequest whether the request was a HEAD, whose response has no body whatever its headers say
     * @param upgradeRequested whether the request asked for an upgrade, so that a 101 is an answer to it
     */
    public void begin(HeaderMap headers, boolean headRequest, boolean upgradeRequested) {
        begin(headers, headRequest, upgradeRequested, false);
    }

    /** The same, telling besides whether the request was a CONNECT, so that a 2xx opens a tunnel. */
    public void begin(HeaderMap headers, boolean headRequest, boolean upgradeRequested, boolean connect) {
        this.headRequest = headRequest;
        this.upgradeRequested = upgradeRequested;
        this.connect = connect;
        start(headers);
        prefix(headers);
        untilClose = upgraded = false;
        status = 0;
    }

    private void prefix(HeaderMap headers) {
        headers.append(NAME, 0, NAME.length);
        head.begin(headers, false);
    }

    /** The status of the last head. */
    public int status() {
        return status;
    }

    /** Whether the request is a CONNECT. */
    public boolean isConnect() {
        return connect;
    }

    /** Whether the response opened a tunnel: what follows on the connection, both ways, is another protocol (told as data). */
    public boolean isUpgraded() {
        return upgraded;
    }

    @Override
    public boolean keepAlive() {
        return !untilClose && (http11 ? !head.connectionClose : head.connectionKeepAlive && !head.connectionClose);
    }

    @Override
    void startLine(HeaderMap m, int from, int to) {
        byte[] a = m.arena();
        // HTTP/d.d ddd[ reason]
        if (to - from < 12
                || !Bytes.startsWithIgnoreCase(a, from, to, "http/")
                || a[from] != 'H'
                || a[from + 6] != '.'
                || a[from + 8] != ' '
                || to - from > 12 && a[from + 12] != ' ') {
            fail(H1Error.CODEC_ERROR);
            return;
        }
        int s = 0;
        for (int i = from + 9; i < from + 12; i++) {
            int d = a[i] - '0';
            if (d < 0 || d > 9) {
                fail(H1Error.CODEC_ERROR);
                return;
            }
            s = s * 10 + d;
        }
        if (s < 100) {
            fail(H1Error.CODEC_ERROR);
            return;
        }
        status = s;
        http11 = a[from + 5] > '1' || a[from + 5] == '1' && a[from + 7] >= '1';
        m.addEntry(0, NAME.length, HASH_STATUS, from + 9, 3);
    }

    @Override
    void host(HeaderMap m, int from, int to) {
        // A response has no host; a server that sends one means nothing by it.
    }

    @Override
    void joinRepeated(HeaderMap m) {
        JoinedHeaders.joinResponse(m);
    }

    /** As Envoy sees it, any status that comes with an upgrade is an answer to the request for one. */
    private boolean opensTunnel() {
        return upgradeRequested && (status == 101 || head.connectionUpgrade && head.upgradeLength > 0)
                || connect && status / 100 == 2;
    }

    @Override
    void finishHead(HeaderMap m) {
        if (head.transferEncoding && head.contentLength >= 0 && !dropLength(m)) {
            return;
        }
        if (opensTunnel()) {
            upgraded = true;
            untilClose = true;
            if (upgradeRequested && head.connectionUpgrade) {
                m.add(HeaderName.CONNECTION, m.arena(), head.connectionAt, head.connectionLength);
            }
            if (upgradeRequested && head.upgradeLength > 0) {
                m.add(HeaderName.UPGRADE, m.arena(), head.upgradeAt, head.upgradeLength);
            }
            bodyUntilClose();
        } else if (status == 101) {
            fail(H1Error.CODEC_ERROR);
        } else if (status < 200) {
            informational(m);
            if (!stopped()) {
                prefix(m);
            }
        } else if (status == 204) {
            if (head.chunked || head.contentLength > 0) {
                fail(H1Error.BODY_DISALLOWED);
            } else {
                m.remove(HeaderName.CONTENT_LENGTH);
                bodyNone();
            }
        } else if (headRequest || status == 304) {
            bodyNone();
        } else if (head.chunked) {
            bodyChunked();
        } else if (head.contentLength >= 0) {
            bodyLength(head.contentLength);
        } else {
            untilClose = true;
            bodyUntilClose();
        }
    }
}
