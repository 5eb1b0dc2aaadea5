/*
 * Singly linked tail queues, as the lists of access points and stations are handed out. See queue(3) of the BSDs.
 */
#ifndef QUEUE_H
#define QUEUE_H

#define STAILQ_HEAD(name, type) \
    struct name { \
        struct type *stqh_first; \
        struct type **stqh_last; \
    }
#define STAILQ_ENTRY(type) \
    struct { \
        struct type *stqe_next; \
    }
#define STAILQ_FIRST(head) ((head)->stqh_first)
#define STAILQ_NEXT(element, field) ((element)->field.stqe_next)

#endif // QUEUE_H
