package gpt.hub;

/**
 * A file of a commit, as the hub describes it.
 *
 * @param size in bytes
 * @param sum the {@linkplain Checksum checksum}, also the blob's name
 */
record RemoteFile(String name, long size, String sum) {}
