/*
 * block_mesh.h - messages between validators in processes of their own, over TCP on the loopback,
 * each to each; and the path that delays them.
 *
 * The mesh is made by one process, which then forks; each child becomes one of its nodes. Messages
 * never wait for who does not read: they are kept until he does. With a delay, a message is held
 * back that long before it is given to the socket: as if the way were so much longer. Real loss and
 * jitter of such a way are not imitated.
 *
 * A node that died is not written to any more; one that comes back calls at the others' doors, with
 * a word that only processes of this mesh know. What was on its way to it, or from it, is lost.
 *
 * Threads: one. Errors: a negative errno with hr_error().
 */
#ifndef HR_BLOCK_MESH_H
#define HR_BLOCK_MESH_H

#include "suites/block_agree.h"

struct hr_mesh;

int hr_mesh_new(struct hr_mesh **mesh, uint32_t nodes);
void hr_mesh_free(struct hr_mesh *mesh); /* accepts NULL */
/* In the child: this node, and only its sockets. */
void hr_mesh_become(struct hr_mesh *mesh, uint32_t me, uint64_t delay_ns);
/* In the process that made it, when all nodes are forked: the connections are theirs alone. */
void hr_mesh_leave(struct hr_mesh *mesh);
/* In a child forked after that: this node once more, which calls at all the others. */
int hr_mesh_return(struct hr_mesh *mesh, uint32_t me, uint64_t delay_ns);
/* To one or HR_TO_ALL others. Who is gone is not written to. -ENOMEM. */
int hr_mesh_send(struct hr_mesh *mesh, uint64_t now_ns, uint32_t to,
                 const struct hr_block_message *m);
/* Moves bytes, waiting for them until due_ns at the latest, and hands over each whole message;
 * m->block is lent for the call. -EBADMSG for what is none. */
typedef void (*hr_mesh_take)(void *context, uint32_t from, const struct hr_block_message *m);
int hr_mesh_poll(struct hr_mesh *mesh, uint64_t due_ns, hr_mesh_take take, void *context);
/* Given to sockets so far. */
uint64_t hr_mesh_bytes(const struct hr_mesh *mesh);

#endif
