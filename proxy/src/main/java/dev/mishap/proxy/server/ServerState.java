package dev.mishap.proxy.server;

/** How far a server has come, by the names that {@code /ready} and {@code /server_info} print. */
public enum ServerState {
    PRE_INITIALIZING,
    INITIALIZING,
    LIVE,
    DRAINING
}
