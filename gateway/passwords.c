/* SPDX-License-Identifier: ISC
 *
 * passwords.c - see passwords.h.
 */
#include "passwords.h"

#include "common/base/sched.h"
#include "common/base/xalloc.h"
#include "password.h"
#include "password_memory.h"

#include <errno.h>
#include <pthread.h>
#include <signal.h>
#include <sodium.h>
#include <stdlib.h>
#include <time.h>
#include <utlist.h>

struct job {
	char hash[PASSWORD_HASH_BYTES];
	bool decoy;
	char *password; /* owned, wiped */
	size_t password_bytes;
	bool ok;
	passwords_fn *fn;
	void *arg;
	struct job *prev, *next;
};

struct passwords {
	struct ev_loop *loop;
	ev_async wake;
	pthread_t threads[PASSWORDS_THREADS];
	pthread_mutex_t lock; /* the lists, waiting and stop */
	pthread_cond_t work;
	struct job *todo, *done;
	size_t waiting;
	bool stop;
};

static void job_free(struct job *job)
{
	sodium_memzero(job->password, job->password_bytes);
	free(job->password);
	free(job);
}

/* A thread that has had nothing to do for a while gives its memory back, and then waits on. */
static void wait_for_work(struct passwords *p)
{
	struct timespec until;

	clock_gettime(CLOCK_REALTIME, &until);
	until.tv_sec += PASSWORDS_KEEP_S;
	while (!p->stop && !p->todo)
		if (pthread_cond_timedwait(&p->work, &p->lock, &until) == ETIMEDOUT)
			break;
	if (!p->stop && !p->todo)
		password_memory_release();
	while (!p->stop && !p->todo)
		pthread_cond_wait(&p->work, &p->lock);
}

static struct job *next_job(struct passwords *p)
{
	struct job *job = NULL;

	pthread_mutex_lock(&p->lock);
	wait_for_work(p);
	if (!p->stop) {
		job = p->todo;
		DL_DELETE(p->todo, job);
		p->waiting--;
	}
	pthread_mutex_unlock(&p->lock);
	return job;
}

static void *work(void *arg)
{
	struct passwords *p = arg;
	struct job *job;

	sched_slice(SCHED_LONG_US); /* whoever wakes up while a password is hashed goes first */
	password_memory_keep();
	while ((job = next_job(p))) {
		job->ok = password_verify(job->hash, slice_of(job->password, job->password_bytes)) && !job->decoy;
		pthread_mutex_lock(&p->lock);
		DL_APPEND(p->done, job);
		pthread_mutex_unlock(&p->lock);
		ev_async_send(p->loop, &p->wake);
	}
	password_memory_release();
	return NULL;
}

static void on_wake(struct ev_loop *loop, ev_async *w, int revents)
{
	struct passwords *p = w->data;
	struct job *done, *job, *next;

	pthread_mutex_lock(&p->lock);
	done = p->done;
	p->done = NULL;
	pthread_mutex_unlock(&p->lock);
	DL_FOREACH_SAFE(done, job, next)
	{
		job->fn(job->ok, job->arg);
		job_free(job);
	}
}

struct passwords *passwords_open(struct ev_loop *loop)
{
	struct passwords *p = xcalloc(1, sizeof *p);
	sigset_t all, before;

	password_decoy(); /* made before there are threads to race for it */
	p->loop = loop;
	pthread_mutex_init(&p->lock, NULL);
	pthread_cond_init(&p->work, NULL);
	ev_async_init(&p->wake, on_wake);
	p->wake.data = p;
	ev_async_start(loop, &p->wake);
	ev_unref(loop);
	sigfillset(&all);
	pthread_sigmask(SIG_BLOCK, &all, &before); /* signals are the loop's */
	for (size_t i = 0; i < PASSWORDS_THREADS; i++)
		if (pthread_create(&p->threads[i], NULL, work, p) != 0)
			abort();
	pthread_sigmask(SIG_SETMASK, &before, NULL);
	return p;
}

void passwords_close(struct passwords **pp)
{
	struct passwords *p = *pp;
	struct job *job, *next;

	if (!p)
		return;
	pthread_mutex_lock(&p->lock);
	p->stop = true;
	pthread_cond_broadcast(&p->work);
	pthread_mutex_unlock(&p->lock);
	for (size_t i = 0; i < PASSWORDS_THREADS; i++)
		pthread_join(p->threads[i], NULL);
	DL_CONCAT(p->todo, p->done);
	DL_FOREACH_SAFE(p->todo, job, next)
	{
		job->fn(false, job->arg);
		job_free(job);
	}
	ev_ref(p->loop);
	ev_async_stop(p->loop, &p->wake);
	pthread_cond_destroy(&p->work);
	pthread_mutex_destroy(&p->lock);
	free(p);
	*pp = NULL;
}

bool passwords_check(struct passwords *p, const char *hash, struct slice password, passwords_fn *fn, void *arg)
{
	struct job *job = xcalloc(1, sizeof *job);
	bool room;

	job->decoy = !hash || !*hash || strlen(hash) >= sizeof job->hash;
	strcpy(job->hash, job->decoy ? password_decoy() : hash);
	job->password = xmemdup(password.p ? password.p : "", password.n);
	job->password_bytes = password.n;
	job->fn = fn;
	job->arg = arg;
	pthread_mutex_lock(&p->lock);
	room = p->waiting < PASSWORDS_QUEUE;
	if (room) {
		DL_APPEND(p->todo, job);
		p->waiting++;
		pthread_cond_signal(&p->work);
	}
	pthread_mutex_unlock(&p->lock);
	if (!room)
		job_free(job);
	return room;
}
