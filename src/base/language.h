/* The languages in which fede explains. Names that a standard gives, and identifiers, are the same in all. */
#ifndef BASE_LANGUAGE_H
#define BASE_LANGUAGE_H

enum language { ENGLISH, CHINESE, LANGUAGES };

#endif
