"""Things of one kind: weekdays, shapes, operations, coins."""

# Words of one line exclude each other: to put one for another changes the meaning.
EXCLUSIVE = """
area perimeter circumference volume surface diagonal
radius diameter chord
length width height depth
triangle square rectangle circle pentagon hexagon octagon trapezoid rhombus parallelogram cube sphere cylinder cone
isosceles equilateral scalene
acute obtuse
sine cosine tangent secant cosecant cotangent
mean median mode range
sum difference product quotient ratio average
add subtract multiply divide
numerator denominator
median altitude bisector
vertical horizontal
row column
rational irrational
real imaginary complex
linear quadratic cubic exponential
monday tuesday wednesday thursday friday saturday sunday mon tue wed thu fri sat sun
january february march april june july august september october november december
morning afternoon evening night
spring summer autumn winter
red blue green yellow black white orange purple brown pink
north south east west
hour minute second day week month year
dollar euro pound
meter centimeter kilometer millimeter mile inch foot yard
gram kilogram ounce pound
liter milliliter gallon quart pint cup
celsius fahrenheit kelvin
boy girl man woman father mother brother sister son daughter uncle aunt husband wife
permutation combination
head tail
mode
vertex focus
hypotenuse leg
slope intercept
domain range
true false
yesterday today tomorrow
breakfast lunch dinner
apple pear banana orange peach cherry grape plum
cat dog bird horse cow
car bus train bicycle plane
pen pencil book notebook
union intersection
lcm gcd
cost discount profit tax tip refund fee
base exponent
dividend divisor quotient remainder
coefficient exponent
edge vertex face
arithmetic geometric harmonic
supplementary complementary
inscribed circumscribed
inradius circumradius
incenter circumcenter centroid orthocenter
converse inverse contrapositive
commutative associative distributive
simple compound
vowel consonant
teacher student
buyer seller
adult child
king queen
nephew niece
grandfather grandmother
husband wife
male female
weekday weekend
penny nickel dime
spade heart diamond club
gold silver bronze copper
shirt pants hat shoe sock dress jacket skirt
milk juice water tea coffee soda
cookie cake pie brownie bread muffin cupcake donut
chicken duck pig cow sheep goat horse
rose tulip lily carnation daisy
fork spoon knife
desk table chair bed sofa
fiction nonfiction
hardcover paperback
revenue expense
"""
