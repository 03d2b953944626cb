package dev.mishap.rules.fault;

/**
 * What happens to a TCP connection, or to the bytes on it, whatever protocol they are of. Drawn once, when the connection is
 * accepted; the key of the draw is the source address and the name or address that the client asked for.
 */
public sealed interface ConnectionFault extends Fault
        permits ConnectionFault.AtAccept,
                Bandwidth,
                Close,
                ConnectDelay,
                ConnectionReset,
                Corrupt,
                HalfOpen,
                Latency,
                LimitData,
                Partition,
                Slice,
                SlowClose {
    /** Which of the proxy's two connections it breaks, when it says so. */
    default Side side() {
        return Side.DOWNSTREAM;
    }

    /** A fault that decides at once what becomes of the connection, so that only the first of them acts. */
    sealed interface AtAccept extends ConnectionFault
            permits BlackHole, ConnectionLimit, ExhaustPool, Flap, Refuse, Timeout {}
}
