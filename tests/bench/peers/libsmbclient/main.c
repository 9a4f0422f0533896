/*
 * Open, read 4 KiB, close, one request at a time, by libsmbclient: prints one line of JSON with what it reached.
 * The declarations are those of its documented interface, so that the library is enough and its headers need not be there.
 */
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/types.h>
#include <time.h>

typedef void (*smbc_get_auth_data_fn)(const char *server, const char *share, char *workgroup,
				      int workgroup_size, char *user, int user_size,
				      char *password, int password_size);
int smbc_init(smbc_get_auth_data_fn, int debug);
int smbc_open(const char *url, int flags, mode_t mode);
ssize_t smbc_read(int file, void *buffer, size_t size);
int smbc_close(int file);

static const char *account_user, *account_password;

static void authenticate(const char *server, const char *share, char *workgroup,
			 int workgroup_size, char *user, int user_size, char *password,
			 int password_size)
{
	(void)server, (void)share, (void)workgroup, (void)workgroup_size;
	snprintf(user, user_size, "%s", account_user);
	snprintf(password, password_size, "%s", account_password);
}

static double now(void)
{
	struct timespec t;
	clock_gettime(CLOCK_MONOTONIC, &t);
	return t.tv_sec + t.tv_nsec / 1e9;
}

static double cpu_micros(void)
{
	struct rusage u;
	getrusage(RUSAGE_SELF, &u);
	return (u.ru_utime.tv_sec + u.ru_stime.tv_sec) * 1e6 + u.ru_utime.tv_usec +
	       u.ru_stime.tv_usec;
}

static long work(const char *url, double seconds)
{
	static char buffer[4096];
	double end = now() + seconds;
	long count = 0;
	while (now() < end) {
		int file = smbc_open(url, O_RDONLY, 0);
		if (file < 0) {
			perror("smbc_open");
			exit(1);
		}
		if (smbc_read(file, buffer, sizeof buffer) != (ssize_t)sizeof buffer) {
			perror("smbc_read");
			exit(1);
		}
		if (smbc_close(file) != 0) {
			perror("smbc_close");
			exit(1);
		}
		count++;
	}
	return count;
}

int main(int argc, char **argv)
{
	if (argc != 5) {
		fprintf(stderr, "usage: %s url user password seconds\n", argv[0]);
		return 2;
	}
	account_user = argv[2];
	account_password = argv[3];
	if (smbc_init(authenticate, 0) != 0) {
		perror("smbc_init");
		return 1;
	}
	work(argv[1], 0.3);
	double cpu = cpu_micros(), start = now();
	long count = work(argv[1], atof(argv[4]));
	printf("{\"count\":%ld,\"seconds\":%.6f,\"cpuMicros\":%.0f}\n", count, now() - start,
	       cpu_micros() - cpu);
	return 0;
}
