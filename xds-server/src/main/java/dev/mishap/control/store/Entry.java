package dev.mishap.control.store;

/**
 * A key with its value.
 *
 * @param createRevision when the key came into being
 * @param modRevision when the value was last put
 * @param version how often it was put since then, from 1
 * @param lease with whose end the key goes; 0 = none
 */
public record Entry(String key, Bytes value, long createRevision, long modRevision, long version, long lease) {}
