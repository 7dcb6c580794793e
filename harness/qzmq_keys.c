/*
 * qzmq_keys.c - which key is in this file, and may it be there? Files are made once, never written
 * over, and a private one is nobody else's to read. It cannot see copies, backups or who root is.
 */
#include "harness/qzmq_keys.h"

#include "harness/error.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define NAME_MAX_BYTES 4096

/* An open new file; -1 with a message. */
static int create(const char *file, mode_t mode)
{
    int fd = open(file, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, mode);

    if (fd < 0) {
        if (errno == EEXIST) {
            hr_fail(EEXIST,
                    "%s is there already: keys are never written over; name another or "
                    "move it away",
                    file);
        } else {
            hr_fail(errno, "cannot make %s: %s", file, strerror(errno));
        }
    }
    return fd;
}

static int put(int fd, const char *file, const char *text, size_t size)
{
    while (size) {
        ssize_t n = write(fd, text, size);

        if (n < 0 && errno != EINTR) {
            return hr_fail(errno, "cannot write %s: %s", file, strerror(errno));
        }
        text += n > 0 ? n : 0;
        size -= n > 0 ? (size_t)n : 0;
    }
    return fsync(fd) && errno != EINVAL && errno != ENOTSUP
               ? hr_fail(errno, "cannot write %s: %s", file, strerror(errno))
               : 0;
}

static int put_pair(const char *const *files, const int *fds, const struct hr_sign_key *key,
                    const uint8_t *public_key)
{
    char pem[HR_PEM_MAX];
    size_t size;
    int rc = hr_sign_key_write(key, pem, &size);

    rc = rc ? rc : put(fds[0], files[0], pem, size);
    hr_crypto_wipe(pem, sizeof(pem));
    rc = rc ? rc : hr_verify_key_write(public_key, pem, &size);
    return rc ? rc : put(fds[1], files[1], pem, size);
}

int hr_qzmq_keys_make(const char *name, uint8_t *public_key)
{
    char private_file[NAME_MAX_BYTES], public_file[NAME_MAX_BYTES];
    const char *const files[] = {private_file, public_file};
    int fds[] = {-1, -1}, rc;
    struct hr_sign_key *key;

    if (strlen(name) + sizeof(".key") > sizeof(private_file)) {
        return hr_fail(ENAMETOOLONG, "%.80s…: the name is too long", name);
    }
    snprintf(private_file, sizeof(private_file), "%s.key", name);
    snprintf(public_file, sizeof(public_file), "%s.pub", name);
    rc = hr_sign_key_new(&key);
    if (rc) {
        return rc;
    }
    hr_sign_key_public(key, public_key);
    fds[0] = create(private_file, 0600);
    fds[1] = fds[0] < 0 ? -1 : create(public_file, 0644);
    rc = fds[1] < 0 ? -EEXIST : put_pair(files, fds, key, public_key);
    hr_sign_key_free(key);
    for (int i = 0; i < 2; i++) {
        if (fds[i] >= 0 && close(fds[i]) && rc == 0) {
            rc = hr_fail(errno, "cannot write %s: %s", files[i], strerror(errno));
        }
    }
    for (int i = 0; i < 2 && rc; i++) {
        if (fds[i] >= 0) { /* made here, so it may go */
            unlink(files[i]);
        }
    }
    return rc;
}

/* The whole file into pem; *st tells of it. */
static int read_file(const char *file, char *pem, size_t *size, struct stat *st)
{
    FILE *in = fopen(file, "re");

    if (!in) {
        return hr_fail(errno, "cannot read %s: %s", file, strerror(errno));
    }
    if (fstat(fileno(in), st)) {
        memset(st, 0, sizeof(*st));
    }
    *size = fread(pem, 1, HR_PEM_MAX, in);
    if (ferror(in) || *size == HR_PEM_MAX) {
        int rc = ferror(in) ? hr_fail(EIO, "cannot read %s: %s", file, strerror(errno))
                            : hr_fail(EINVAL, "%s is too long for a key", file);

        fclose(in);
        return rc;
    }
    fclose(in);
    return 0;
}

static int context(int rc, const char *file)
{
    return rc ? hr_context(rc, "%s", file) : 0;
}

int hr_qzmq_keys_private(const char *file, struct hr_sign_key **key)
{
    char pem[HR_PEM_MAX];
    struct stat st;
    size_t size;
    int rc = read_file(file, pem, &size, &st);

    *key = NULL;
    if (rc == 0 && S_ISREG(st.st_mode) && (st.st_mode & 077)) {
        rc = hr_fail(EACCES, "%s can be read by others: `chmod 600 %s`, if nobody did", file, file);
    } else if (rc == 0) {
        rc = context(hr_sign_key_read(key, pem, size), file);
    }
    hr_crypto_wipe(pem, sizeof(pem));
    return rc;
}

int hr_qzmq_keys_public(const char *file, uint8_t *public_key)
{
    struct hr_verify_key *key;
    char pem[HR_PEM_MAX];
    struct stat st;
    size_t size;
    int rc = read_file(file, pem, &size, &st);

    rc = rc ? rc : context(hr_verify_key_read(&key, pem, size), file);
    if (rc == 0) {
        hr_verify_key_public(key, public_key);
        hr_verify_key_free(key);
    }
    hr_crypto_wipe(pem, sizeof(pem)); /* in case it was the other file */
    return rc;
}

int hr_qzmq_keys_any(const char *file, uint8_t *public_key)
{
    static const char begins[] = "PRIVATE KEY-----";
    char pem[HR_PEM_MAX + 1];
    struct hr_sign_key *key;
    struct stat st;
    size_t size;
    bool is_private;
    int rc = read_file(file, pem, &size, &st);

    if (rc) {
        return rc;
    }
    pem[size] = '\0';
    is_private = strstr(pem, begins) != NULL;
    hr_crypto_wipe(pem, sizeof(pem));
    if (!is_private) {
        return hr_qzmq_keys_public(file, public_key);
    }
    rc = hr_qzmq_keys_private(file, &key);
    if (rc == 0) {
        hr_sign_key_public(key, public_key);
        hr_sign_key_free(key);
    }
    return rc;
}

void hr_fingerprint_text(const uint8_t *public_key, char *text)
{
    uint8_t fingerprint[HR_QZMQ_FINGERPRINT_BYTES];

    hr_qzmq_fingerprint(public_key, fingerprint);
    for (size_t i = 0; i < sizeof(fingerprint); i++) {
        snprintf(text + 2 * i, 3, "%02x", fingerprint[i]);
    }
}
